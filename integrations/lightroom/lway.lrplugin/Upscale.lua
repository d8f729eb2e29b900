--[[
Runs "lway upscale" on each picture that Lightroom has rendered and puts the result in its place, before it goes where the
person wants it (a folder, the catalogue). Not run in Lightroom; see docs/editors.md.
]]
local LrFileUtils = import 'LrFileUtils'
local LrPathUtils = import 'LrPathUtils'
local LrTasks = import 'LrTasks'
local LrView = import 'LrView'

local filter = {}

filter.exportPresetFields = {
  { key = 'lwayCommand', default = 'lway' },
  { key = 'lwayOptions', default = '--scale 4' },
}

function filter.sectionForFilterInDialog(f)
  local bind = LrView.bind
  return {
    title = 'Upscale with LWay',
    f:row {
      f:static_text { title = 'Command' },
      f:edit_field { value = bind 'lwayCommand', fill_horizontal = 1 },
    },
    f:row {
      f:static_text { title = 'Options' },
      f:edit_field { value = bind 'lwayOptions', fill_horizontal = 1 },
    },
  }
end

-- For a shell, as one word, whatever is in it.
local function quoted(text)
  if WIN_ENV then
    return '"' .. text .. '"'
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

function filter.postProcessRenderedPhotos(_, context)
  local settings = context.propertyTable
  for source, rendition in context:renditions { stopIfCanceled = true } do
    local rendered, path = source:waitForRender()
    if rendered then
      local result = LrPathUtils.removeExtension(path) .. '-lway.' .. LrPathUtils.extension(path)
      local line = settings.lwayCommand .. ' upscale ' .. quoted(path) .. ' -o ' .. quoted(result) .. ' --force '
        .. settings.lwayOptions
      if WIN_ENV then
        line = '"' .. line .. '"' -- cmd takes away the outermost quotes
      end
      local status = LrTasks.execute(line)
      if status == 0 then
        LrFileUtils.delete(path)
        LrFileUtils.move(result, path)
      else
        rendition:renditionIsDone(false, 'LWay has failed (' .. tostring(status) .. '). Try the command in a terminal.')
      end
    end
  end
end

return filter
