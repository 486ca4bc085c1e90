// @bun
/** The manifest names it as the preload of Bun's debugger: a variable of the environment can be overridden, but not unset. */
