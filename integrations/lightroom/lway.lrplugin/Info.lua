--[[
LWay for Lightroom Classic: a post-process action of the export dialog. Made from the documents of the Lightroom Classic SDK
and not run in Lightroom; see docs/editors.md.
]]
return {
  LrSdkVersion = 6.0,
  LrSdkMinimumVersion = 5.0,
  LrToolkitIdentifier = 'net.lway.lightroom',
  LrPluginName = 'LWay',
  LrExportFilterProvider = {
    title = 'Upscale with LWay',
    file = 'Upscale.lua',
    id = 'upscale',
  },
  VERSION = { major = 0, minor = 1, revision = 0 },
}
