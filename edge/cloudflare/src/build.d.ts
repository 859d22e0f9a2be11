// What `make edge` puts into ../build and the bundler turns into modules.

declare module "*/edge.wasm" {
  const module: WebAssembly.Module
  export default module
}

declare module "*/default.bundle" {
  const bytes: ArrayBuffer
  export default bytes
}
