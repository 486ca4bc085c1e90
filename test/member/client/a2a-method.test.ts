import { expect, test } from 'bun:test'
import { purposeOf } from '../../../member/client/a2a-method.ts'

test.each(['', 'message/send', 'message/stream', 'SendMessage', 'SendStreamingMessage', 'tasks/send'])(
  '%p carries a message',
  (method) => {
    expect(purposeOf(method)).toBe('message')
  },
)

test.each(['tasks/cancel', 'CancelTask'])('%s cancels a task', (method) => {
  expect(purposeOf(method)).toBe('cancel')
})

test.each([
  'tasks/get',
  'GetTask',
  'ListTasks',
  'tasks/resubscribe',
  'SubscribeToTask',
  'tasks/pushNotificationConfig/set',
  'CreateTaskPushNotificationConfig',
  'agent/getAuthenticatedExtendedCard',
  'GetExtendedAgentCard',
  'message/forge',
  'constructor',
])('%s is not for the model', (method) => {
  expect(purposeOf(method)).toBe('control')
})
