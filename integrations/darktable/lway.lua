--[[
LWay for darktable: a target of the export module. The picture is exported, upscaled by "lway upscale" to a file beside the
original, and taken into the library, grouped with it.

Where to put this file, and what to set: docs/editors.md. Needs darktable 4.2 or later with Lua.
]]
local dt = require "darktable"

local windows = dt.configuration.running_os == "windows"

local function preference(name, label, tooltip, default)
  dt.preferences.register("lway", name, "string", "LWay: " .. label, tooltip, default)
end

preference("command", "command", "what starts LWay in a shell", "lway")
preference("options", "options", "options of “lway upscale”, for example --scale 2 --adapt thorough", "--scale 4")

-- For a shell, as one word, whatever is in it.
local function quoted(text)
  if windows then
    return '"' .. text .. '"'
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- A name beside the original that is not taken: photo-lway.tif, photo-lway-2.tif…
local function name_beside(image, exported)
  local stem = image.filename:gsub("%.[^.]*$", "")
  local extension = exported:match("%.([^.]*)$")
  local path = string.format("%s/%s-lway.%s", image.path, stem, extension)
  local number = 2
  while exists(path) do
    path = string.format("%s/%s-lway-%d.%s", image.path, stem, number, extension)
    number = number + 1
  end
  return path
end

local function upscale(from, to)
  local command = dt.preferences.read("lway", "command", "string")
  local options = dt.preferences.read("lway", "options", "string")
  local line = string.format("%s upscale %s -o %s %s", command, quoted(from), quoted(to), options)
  if windows then
    line = '"' .. line .. '"' -- cmd takes away the outermost quotes
  end
  return dt.control.execute(line) == 0
end

local lway = {}

-- Called by darktable for each picture once its file is there.
function lway.store(_, image, _, filename, number, total, _, results)
  dt.print(string.format("LWay: %s (%d of %d)…", image.filename, number, total))
  local path = name_beside(image, filename)
  local upscaled = upscale(filename, path) and exists(path)
  os.remove(filename)
  if not upscaled then
    results.failed = (results.failed or 0) + 1
    dt.print_error("lway failed for " .. image.filename)
    return
  end
  local added = dt.database.import(path)
  added:group_with(image.group_leader)
  results.done = (results.done or 0) + 1
end

-- Called by darktable when all are done.
function lway.finalize(_, _, results)
  local done, failed = results.done or 0, results.failed or 0
  if failed == 0 then
    dt.print(string.format("LWay: %d upscaled", done))
  else
    dt.print(string.format("LWay: %d upscaled, %d failed; start darktable in a terminal to see why", done, failed))
  end
end

-- What LWay reads and writes again in the same format.
function lway.supported(_, format)
  local extension = format.extension
  return extension == "tif" or extension == "png" or extension == "jpg" or extension == "webp"
end

function lway.initialize(_, _, _, _, results)
  results.done, results.failed = 0, 0
  return nil -- all of them
end

dt.register_storage("lway", "upscale with LWay", lway.store, lway.finalize, lway.supported, lway.initialize)

return lway
