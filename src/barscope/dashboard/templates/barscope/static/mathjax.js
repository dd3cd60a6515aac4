// Stands in for MathJax, which Voila asks for on every page: the dashboard shows no formulas.
const ignore = () => {};
globalThis.MathJax = {Hub: {Config: ignore, Configured: ignore, Queue: ignore, Register: {StartupHook: ignore}}};
