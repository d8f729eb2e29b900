#!/usr/bin/env python3
"""LWay in GIMP 3: two menu entries that start LWay's own process and answer what it asks over its pipes (protocol.ts).

No port is opened, no other program is listened to. "lway gimp install" puts this file, and beside it lway.json, which says
how LWay is started, into the person's own plug-ins folder.
"""
import json
import os
import subprocess
import sys

import gi

gi.require_version('Gimp', '3.0')
gi.require_version('Gegl', '0.4')
from gi.repository import Gegl, Gimp, GLib  # noqa: E402

PROTOCOL = 1
UPSCALE = 'lway-upscale'
AGAIN = 'lway-upscale-again'
# Bytes that are compared at a time.
BAND = 1 << 24
BASE = {Gimp.ImageBaseType.RGB: 'rgb', Gimp.ImageBaseType.GRAY: 'gray', Gimp.ImageBaseType.INDEXED: 'indexed'}
# GIMP's number of a precision is a hundred for the type of the values and a rest for their encoding.
TYPES = {1: 'u8', 2: 'u16', 3: 'u32', 5: 'half', 6: 'float', 7: 'double'}
MARKS = {0: '', 50: "'", 75: '~'}
# The parasite of images that nobody sees: which process made them.
HIDDEN = 'lway-hidden-'
OURS = HIDDEN + str(os.getpid())


class Refused(Exception):
    """Something that the person can mend; LWay makes the sentence from the code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Target:
    """A layer as it was when it was opened: copies of its pixels, its mask and the selection."""

    def __init__(self, image, layer):
        self.image, self.layer = image, layer
        self.state = state_of(image, layer)
        mask = layer.get_mask()
        self.buffers = {
            'pixels': layer.get_buffer().dup(),
            'mask': mask.get_buffer().dup() if mask else None,
            'selection': image.get_selection().get_buffer().dup(),
        }
        self.selection = selection_of(image)

    def change(self):
        """What has changed since, as a word of the protocol; None where nothing has."""
        image, layer = self.image, self.layer
        if not image.is_valid():
            return 'closed'
        if not layer.is_valid():
            return 'layer'
        if image.get_floating_sel():
            return 'floating'
        now = state_of(image, layer)
        for what in ('mode', 'size', 'place', 'masked'):
            if now[what] != self.state[what]:
                return what
        live = {'pixels': layer, 'mask': layer.get_mask()}
        for what, drawable in live.items():
            if drawable and not same(self.buffers[what], drawable.get_buffer()):
                return what
        return None


def state_of(image, layer):
    _, x, y = layer.get_offsets()
    profile = image.get_color_profile()
    return {
        'mode': (BASE[image.get_base_type()], int(image.get_precision()),
                 bytes(profile.get_icc_profile()) if profile else None),
        'size': (image.get_width(), image.get_height()),
        'place': (x, y, layer.get_width(), layer.get_height()),
        'masked': (bool(layer.get_mask()), bool(layer.get_mask()) and layer.get_apply_mask(), layer.has_alpha()),
    }


def same(a, b):
    extent = a.get_extent()
    if b.get_extent().width != extent.width or b.get_extent().height != extent.height:
        return False
    rows = max(1, BAND // max(1, extent.width * 16))
    for y in range(0, extent.height, rows):
        rect = Gegl.Rectangle.new(0, y, extent.width, min(rows, extent.height - y))
        if raw(a, rect) != raw(b, rect):
            return False
    return True


def raw(buffer, rect):
    """Pixels as GIMP holds them: no format named, nothing converted."""
    return buffer.get(rect, 1.0, None, Gegl.AbyssPolicy.NONE)


def selection_of(image):
    _, some, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
    return {'x': x1, 'y': y1, 'width': x2 - x1, 'height': y2 - y1} if some else None


def delete_leftovers():
    """Deletes hidden images of plug-ins that were killed, as GIMP's Cancel does, before they could."""
    for image in Gimp.get_images():
        marks = [name[len(HIDDEN):] for name in image.get_parasite_list() or () if name.startswith(HIDDEN)]
        owners = [int(mark) for mark in marks if mark.isdigit()]
        if owners and not any(map(is_alive, owners)):
            image.delete()  # GIMP itself deletes none that is shown


def is_alive(pid):
    if os.name == 'nt':  # where os.kill would send Ctrl-C
        import ctypes
        synchronize, timeout = 0x100000, 0x102
        kernel = ctypes.windll.kernel32
        process = kernel.OpenProcess(synchronize, False, pid)
        alive = bool(process) and kernel.WaitForSingleObject(process, 0) == timeout
        kernel.CloseHandle(process)
        return alive
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def is_normal(layer):
    return layer.get_mode() in (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY)


def name_of(image):
    return image.get_name() or 'Untitled'


class Session:
    """Answers LWay's questions about one image; what they are called is what the methods are called."""

    def __init__(self, image, layers, mode):
        self.origin = {'image': image.get_id(), 'layer': layers[0].get_id() if len(layers) == 1 else None,
                       'selected': len(layers)}
        self.mode = mode
        self.targets, self.stages, self.made = {}, {}, 0
        self.failure = None
        self.progressing = False

    def answer(self, question, data):
        try:
            result = getattr(self, 'do_' + question['op'])(question, data)
            return result if isinstance(result, tuple) else (result, b'')
        except Refused as refused:
            return {'error': {'code': refused.code}}, b''
        except Exception as error:  # whatever GIMP said goes to the person who asked
            return {'error': {'code': 'failed', 'message': str(error)}}, b''

    def do_hello(self, question, data):
        delete_leftovers()
        return {'protocol': PROTOCOL, 'gimp': Gimp.version(), 'mode': self.mode, **self.origin}

    def do_describe(self, question, data):
        for image_id, layer_id in question['candidates']:
            image = Gimp.Image.get_by_id(image_id) if Gimp.Image.id_is_valid(image_id) else None
            layer = layer_of(image, layer_id) if image else None
            if image and (layer or [image_id, layer_id] == question['candidates'][-1]):
                return {'document': self.describe(image, layer)}
        return {'document': None}

    def describe(self, image, layer):
        document = {
            'image': image.get_id(), 'name': name_of(image), 'width': image.get_width(), 'height': image.get_height(),
            'base': BASE[image.get_base_type()], 'precision': int(image.get_precision()),
            'selection': selection_of(image), 'floating': bool(image.get_floating_sel()), 'layer': None,
        }
        if layer:
            _, x, y = layer.get_offsets()
            document['layer'] = {
                'id': layer.get_id(), 'name': layer.get_name(), 'group': layer.is_group(),
                'bounds': {'x': x, 'y': y, 'width': layer.get_width(), 'height': layer.get_height()},
            }
        return document

    def do_open(self, question, data):
        image = Gimp.Image.get_by_id(question['image'])
        layer = layer_of(image, question['layer'])
        if not image or not image.is_valid() or not layer:
            raise Refused('closed')
        target = Target(image, layer)
        token = self.token('target')
        self.targets[token] = target
        mask = layer.get_mask()
        return {
            'token': token, 'alpha': layer.has_alpha(), 'visible': layer.get_visible(),
            'blended': not is_normal(layer) or layer.get_opacity() < 100,
            'mask': None if not mask else 'enabled' if layer.get_apply_mask() else 'disabled',
            'resolution': image.get_resolution()[1],
        }

    def do_read(self, question, data):
        target = self.targets[question['token']]
        rect = Gegl.Rectangle.new(question['x'], question['y'], question['width'], question['height'])
        return {}, raw(target.buffers[question['what']], rect)

    def do_check(self, question, data):
        return {'change': self.targets[question['token']].change()}

    def do_close(self, question, data):
        self.targets.pop(question['token'], None)
        return {}

    def do_stage(self, question, data):
        """A new image of the same kind, not shown, that the result is written to."""
        target = self.targets[question['token']]
        base, precision, profile = target.state['mode']
        width, height = question['width'], question['height']
        gray = base == 'gray'
        image = Gimp.Image.new_with_precision(width, height, Gimp.ImageBaseType.GRAY if gray else Gimp.ImageBaseType.RGB,
                                              Gimp.Precision(precision))
        image.attach_parasite(Gimp.Parasite.new(OURS, 0, b''))
        image.undo_disable()
        token = self.token('stage')
        self.stages[token] = image
        alpha = question['channels'] in (2, 4)
        kind = ((Gimp.ImageType.GRAYA_IMAGE if alpha else Gimp.ImageType.GRAY_IMAGE) if gray
                else (Gimp.ImageType.RGBA_IMAGE if alpha else Gimp.ImageType.RGB_IMAGE))
        layer = Gimp.Layer.new(image, question['name'], width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
        image.insert_layer(layer, None, 0)
        if question['mask']:
            layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
        return {'stage': token}

    def do_write(self, question, data):
        image = self.stages[question['stage']]
        layer = image.get_layers()[0]
        mask = question['what'] == 'mask'
        kind, mark = TYPES[int(image.get_precision()) // 100], MARKS[int(image.get_precision()) % 100]
        if mask:
            colours = 'Y'
        elif image.get_base_type() == Gimp.ImageBaseType.GRAY:
            colours = 'Y' + mark
        else:
            colours = ''.join(c + mark for c in 'RGB')
        alpha = 'A' if layer.has_alpha() and not mask else ''
        buffer = (layer.get_mask() if mask else layer).get_buffer()
        rect = Gegl.Rectangle.new(question['x'], question['y'], question['width'], question['height'])
        # The image has no profile yet, so that this names the format in which it holds its pixels.
        buffer.set(rect, '%s%s %s' % (colours, alpha, kind), data)
        buffer.flush()
        return {}

    def do_drop(self, question, data):
        image = self.stages.pop(question['stage'], None)
        if image and image.is_valid():
            image.delete()
        return {}

    def do_commit(self, question, data):
        target = self.targets[question['token']]
        stage = self.stages[question['stage']]
        profile = target.state['mode'][2]
        if profile:
            stage.set_color_profile(Gimp.ColorProfile.new_from_icc_profile(profile))
        self.end_progress()
        if question['destination'] == 'document':
            image, layer = self.show(question, target, stage)
        else:
            change = target.change()
            if change:
                return {'change': change}
            image, layer = target.image, self.insert(question, target, stage.get_layers()[0])
            self.do_drop(question, data)
        Gimp.displays_flush()
        return {'image': image.get_id(), 'layer': layer.get_id()}

    def show(self, question, target, stage):
        stage.set_resolution(question['resolution'], question['resolution'])
        del self.stages[question['stage']]
        stage.undo_enable()
        stage.clean_all()
        try:
            Gimp.Display.new(stage)
        except Exception:
            pass  # a GIMP without windows
        stage.detach_parasite(OURS)
        return stage, stage.get_layers()[0]

    def insert(self, question, target, result):
        image, layer = target.image, target.layer
        # All that can fail comes before anything is changed.
        new = Gimp.Layer.new_from_drawable(result, image)
        new.set_name(question['name'])
        selected = selection_of(image)
        image.undo_group_start()
        Gimp.context_push()
        try:
            Gimp.context_set_interpolation(Gimp.InterpolationType.CUBIC)
            size = question['size']
            if (image.get_width(), image.get_height()) != (size['width'], size['height']):
                image.scale(size['width'], size['height'])
            image.insert_layer(new, layer.get_parent(), image.get_item_position(layer))
            new.set_offsets(question['x'], question['y'])
            new.set_opacity(layer.get_opacity())
            new.set_mode(layer.get_mode())
            for aspect in ('blend_space', 'composite_space', 'composite_mode'):
                getattr(new, 'set_' + aspect)(getattr(layer, 'get_' + aspect)())
            if new.get_mask():
                new.set_edit_mask(False)
                new.set_apply_mask(question['maskApplied'])
            if question['hide'] == 'layer':
                layer.set_visible(False)
            elif question['hide'] == 'hole':
                self.cut(question, image, layer, new)
            self.select(question, image, selected, target.selection)
            image.set_selected_layers([new])
        finally:
            Gimp.context_pop()
            image.undo_group_end()
        return new

    def cut(self, question, image, layer, new):
        """Hides what the new layer replaces behind the original's mask; the selection comes back afterwards."""
        kept = Gimp.Selection.save(image)
        if not layer.get_mask():
            layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
            layer.set_edit_mask(False)
        if new.get_mask():
            image.select_item(Gimp.ChannelOps.REPLACE, new.get_mask())
        else:
            image.select_rectangle(Gimp.ChannelOps.REPLACE, question['x'], question['y'], new.get_width(),
                                   new.get_height())
        Gimp.context_set_opacity(100)
        Gimp.context_set_paint_mode(Gimp.LayerMode.NORMAL)
        Gimp.context_set_foreground(Gegl.Color.new('black'))
        layer.get_mask().edit_fill(Gimp.FillType.FOREGROUND)
        image.select_item(Gimp.ChannelOps.REPLACE, kept)
        image.remove_channel(kept)

    def select(self, question, image, selected, then):
        """GIMP's own scaling makes a plain rectangle's edges soft."""
        rect = question.get('select')
        if not rect or selected != then:
            if selected is None:
                Gimp.Selection.none(image)
            return
        Gimp.context_set_antialias(False)
        Gimp.context_set_feather(False)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, rect['x'], rect['y'], rect['width'], rect['height'])

    def do_progress(self, question, data):
        if not self.progressing:
            Gimp.progress_init(question['text'])
            self.progressing = True
        else:
            Gimp.progress_set_text(question['text'])
        if question['done'] is None:
            Gimp.progress_pulse()
        else:
            Gimp.progress_update(question['done'])
        return {}

    def end_progress(self):
        # From here on there is nothing to cancel any more: GIMP would end this process in the middle.
        if self.progressing:
            Gimp.progress_end()
            self.progressing = False

    def do_fail(self, question, data):
        self.failure = question['message']
        return {}

    def token(self, what):
        self.made += 1
        return '%s-%d' % (what, self.made)

    def end(self):
        for image in self.stages.values():
            if image.is_valid():
                image.delete()
        self.stages, self.targets = {}, {}


def layer_of(image, layer_id):
    if layer_id is None or not Gimp.Item.id_is_valid(layer_id) or not Gimp.Item.id_is_layer(layer_id):
        return None
    layer = Gimp.Item.get_by_id(layer_id)
    return layer if layer and layer.get_image().get_id() == image.get_id() else None


def command():
    """The command line that starts LWay, as it was when the plug-in was installed."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lway.json')
    with open(path, encoding='utf-8') as file:
        return json.load(file)['command']


def serve(session, line):
    """Starts LWay and answers it until it ends. Returns what to tell the person, None where all is well."""
    hidden = {'creationflags': 0x08000000} if os.name == 'nt' else {}  # no console window
    try:
        child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **hidden)
    except OSError as error:
        return 'LWay cannot be started (%s). Run "lway gimp install" again.' % error
    try:
        while True:
            header = child.stdout.readline()
            if not header:
                break
            question = json.loads(header)
            data = child.stdout.read(question.get('bytes', 0))
            result, back = session.answer(question, data)
            if back:
                result = {**result, 'bytes': len(back)}
            child.stdin.write(json.dumps(result).encode('utf-8') + b'\n')
            if back:
                child.stdin.write(back)
            child.stdin.flush()
    except BrokenPipeError:
        pass
    finally:
        child.stdin.close()
        code = child.wait()
        session.end()
    if session.failure:
        return session.failure
    return None if code == 0 else 'LWay has ended with an error (%d). See "lway gimp doctor".' % code


class LWay(Gimp.PlugIn):
    def do_set_i18n(self, name):
        return False

    def do_query_procedures(self):
        return [UPSCALE, AGAIN]

    def do_create_procedure(self, name):
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
        procedure.set_image_types('RGB*, GRAY*')
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE
                                       | Gimp.ProcedureSensitivityMask.DRAWABLES)
        again = name == AGAIN
        procedure.set_menu_label('Upscale with _Last Settings' if again else 'Upscale with L_Way...')
        procedure.add_menu_path('<Image>/Filters/Enhance')
        procedure.set_documentation(
            'Upscale a layer or a selection with LWay' + (', with the settings used last' if again else ''),
            'A larger, sharper layer from a network that is first adapted to the very picture. Nothing leaves this '
            'machine.', name)
        procedure.set_attribution('LWay', 'LWay', '2026')
        return procedure

    def run(self, procedure, run_mode, image, drawables, config, data):
        Gegl.init(None)
        again = procedure.get_name() == AGAIN
        if again and run_mode == Gimp.RunMode.INTERACTIVE:
            return self.forward(procedure, image, drawables)
        mode = 'panel' if run_mode == Gimp.RunMode.INTERACTIVE else 'again'
        layers = [Gimp.Layer.from_mask(each) if isinstance(each, Gimp.LayerMask) else each for each in drawables]
        try:
            line = command()
        except (OSError, ValueError, KeyError):
            return self.failed(procedure, 'LWay was moved or removed. Run "lway gimp install" again.')
        message = serve(Session(image, [each for each in layers if isinstance(each, Gimp.Layer)], mode), line)
        if message:
            return self.failed(procedure, message)
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())

    def forward(self, procedure, image, drawables):
        """Through the other entry, after which GIMP names the undo step."""
        other = Gimp.get_pdb().lookup_procedure(UPSCALE)
        config = other.create_config()
        config.set_property('run-mode', Gimp.RunMode.WITH_LAST_VALS)
        config.set_property('image', image)
        config.set_core_object_array('drawables', drawables)
        result = other.run(config)
        status = result.index(0)
        if status == Gimp.PDBStatusType.SUCCESS:
            return procedure.new_return_values(status, GLib.Error())
        return self.failed(procedure, Gimp.get_pdb().get_last_error())

    def failed(self, procedure, message):
        error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), message, 0)
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)


if __name__ == '__main__':
    Gimp.main(LWay.__gtype__, sys.argv)
