#!/usr/bin/env python3
"""The plug-in for GIMP 3 itself, which also does what a person could do in GIMP. For the tests."""
import hashlib
import importlib.util
import os
import signal
import sys

import gi

gi.require_version('Gimp', '3.0')
gi.require_version('Gegl', '0.4')
from gi.repository import Gegl, Gimp, GLib  # noqa: E402

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lway.py')
spec = importlib.util.spec_from_file_location('lway_plug_in', path)
lway = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lway)


def item(number):
    return Gimp.Item.get_by_id(number)


def picture(number):
    return Gimp.Image.get_by_id(number)


def every(drawable):
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


def digest(drawable):
    return hashlib.md5(bytes(lway.raw(drawable.get_buffer(), every(drawable)))).hexdigest()


def tree(layers):
    result = []
    for layer in layers:
        _, x, y = layer.get_offsets()
        mask = layer.get_mask()
        result.append({
            'id': layer.get_id(), 'name': layer.get_name(),
            'bounds': {'x': x, 'y': y, 'width': layer.get_width(), 'height': layer.get_height()},
            'opacity': round(layer.get_opacity(), 3), 'mode': int(layer.get_mode()), 'visible': layer.get_visible(),
            'mask': {'applied': layer.get_apply_mask(), 'pixels': digest(mask)} if mask else None,
            'pixels': None if layer.is_group() else digest(layer),
            'children': tree(layer.get_children()) if layer.is_group() else [],
        })
    return result


def run_here(name):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    procedure.run(procedure.create_config())


class TestSession(lway.Session):
    event = None

    def answer(self, question, data):
        """Something may happen to the plug-in right after it has done what it was asked."""
        result = super().answer(question, data)
        event = self.event
        if event and event['after'] == question['op']:
            self.event = None
            if event['then'] == 'die':
                os.kill(os.getpid(), signal.SIGKILL)
            run_here('lway-test-start')
        return result

    def do_test_event(self, q, data):
        self.event = q
        return {}

    def do_test_another(self, q, data):
        run_here('lway-test')
        return {}

    def __init__(self):
        super().__init__(Gimp.Image.new(1, 1, Gimp.ImageBaseType.RGB), [], 'panel')
        Gimp.Image.get_by_id(self.origin['image']).delete()

    def do_test_create(self, q, data):
        gray = q['base'] == 'gray'
        image = Gimp.Image.new_with_precision(q['width'], q['height'], Gimp.ImageBaseType.GRAY if gray else
                                              Gimp.ImageBaseType.RGB, Gimp.Precision(q['precision']))
        at, ids = 0, []
        kind, mark = lway.TYPES[q['precision'] // 100], lway.MARKS[q['precision'] % 100]
        for each in q['layers']:
            names = {True: ('GRAY_IMAGE', 'GRAYA_IMAGE'), False: ('RGB_IMAGE', 'RGBA_IMAGE')}[gray]
            layer = Gimp.Layer.new(image, each['name'], each['width'], each['height'],
                                   getattr(Gimp.ImageType, names[each['alpha']]), 100.0, Gimp.LayerMode.NORMAL)
            image.insert_layer(layer, None, 0)
            layer.set_offsets(each['x'], each['y'])
            buffer = layer.get_buffer()
            colours = ('Y' + mark if gray else ''.join(c + mark for c in 'RGB')) + ('A' if each['alpha'] else '')
            buffer.set(every(layer), '%s %s' % (colours, kind), data[at:at + each['bytes']])
            buffer.flush()
            at += each['bytes']
            ids.append(layer.get_id())
        image.set_selected_layers([item(ids[-1])])
        return {'image': image.get_id(), 'layers': ids}

    def do_test_images(self, q, data):
        images = Gimp.get_images()
        seen = [image for image in images if image.undo_is_enabled()]
        return {'hidden': len(images) - len(seen), 'images': [{
            'image': image.get_id(), 'width': image.get_width(), 'height': image.get_height(),
            'selection': lway.selection_of(image), 'selected': digest(image.get_selection()),
            'channels': len(image.get_channels()), 'layers': tree(image.get_layers()),
            'active': [each.get_id() for each in image.get_selected_layers()],
        } for image in seen]}

    def do_test_pixels(self, q, data):
        drawable = item(q['item'])
        return {'width': drawable.get_width(), 'height': drawable.get_height()}, bytes(
            lway.raw(drawable.get_buffer(), every(drawable)))

    def do_test_mask_of(self, q, data):
        return {'item': item(q['layer']).get_mask().get_id()}

    def do_test_selection_of(self, q, data):
        return {'item': picture(q['image']).get_selection().get_id()}

    def do_test_do(self, q, data):
        what = q['what']
        image, layer = picture(q['image']), item(q.get('layer')) if q.get('layer') else None
        if what == 'select':
            rect = q['rect']
            if rect is None:
                Gimp.Selection.none(image)
            else:
                shape = image.select_ellipse if q.get('ellipse') else image.select_rectangle
                shape(Gimp.ChannelOps.REPLACE, rect['x'], rect['y'], rect['width'], rect['height'])
        elif what == 'show':
            image.clean_all()
            Gimp.Display.new(image)
            Gimp.displays_flush()
        elif what == 'close':
            image.delete()
        elif what == 'mark':
            image.attach_parasite(Gimp.Parasite.new(lway.HIDDEN + str(q['owner']), 0, b''))
        elif what == 'duplicate':
            image.duplicate()
        elif what == 'remove':
            image.remove_layer(layer)
        elif what == 'blend':
            layer.set_mode(Gimp.LayerMode.MULTIPLY)
            layer.set_opacity(40)
        elif what == 'hide':
            layer.set_visible(False)
        elif what == 'mask':
            mask = layer.create_mask(Gimp.AddMaskType.WHITE)
            layer.add_mask(mask)
            buffer = mask.get_buffer()
            buffer.set(every(mask), 'Y u8', bytes(data))
            buffer.flush()
            layer.set_apply_mask(q['applied'])
        elif what == 'float':
            image.select_rectangle(Gimp.ChannelOps.REPLACE, 8, 6, 8, 8)
            Gimp.Selection.float(image, [layer], 2, 2)
        elif what == 'paint':
            Gimp.context_set_foreground(Gegl.Color.new('red'))
            layer.fill(Gimp.FillType.FOREGROUND)
        elif what == 'gray':
            image.convert_grayscale()
        elif what == 'indexed':
            image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 8, False, False, '')
        elif what == 'precision':
            image.convert_precision(Gimp.Precision(q['precision']))
        elif what == 'profile':
            image.set_color_profile(Gimp.ColorProfile.new_from_icc_profile(bytes(data)))
        elif what == 'move':
            layer.set_offsets(0, 0)
        elif what == 'resize':
            image.resize(image.get_width() + 5, image.get_height(), 0, 0)
        elif what == 'group':
            group = Gimp.GroupLayer.new(image, 'Group')
            image.insert_layer(group, None, 0)
            image.reorder_item(layer, group, 0)
            return {'group': group.get_id()}
        else:
            raise ValueError(what)
        return {}


class LWayTest(Gimp.PlugIn):
    def do_set_i18n(self, name):
        return False

    def do_query_procedures(self):
        return ['lway-test', 'lway-test-start']

    def do_create_procedure(self, name):
        return Gimp.Procedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)

    def run(self, procedure, config, data):
        Gegl.init(None)
        session = TestSession()
        if procedure.get_name() == 'lway-test-start':
            session.answer({'op': 'hello'}, b'')
        else:
            lway.serve(session, lway.command())
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


if __name__ == '__main__':
    Gimp.main(LWayTest.__gtype__, sys.argv)
