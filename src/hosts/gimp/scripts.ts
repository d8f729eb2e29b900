import { quote } from './scheme';

/**
 * The newest image, or the one with this number, as a list: empty where there is none, else
 * (image name width height precision base-type selection layer), with
 * selection: () or (x1 y1 x2 y2 solid), solid 1 for a plain rectangle;
 * layer: () or (id name x y width height is-group has-alpha).
 */
export function describeScript(image: number | null): string {
  const wanted = image === null ? '(if (= (car all) 0) -1 (aref (cadr all) 0))' : String(image);
  return `
    (let* ((all (gimp-image-list)) (image ${wanted}))
      (if (or (< image 0) (= (car (gimp-image-is-valid image)) 0)) '()
        (let* ((layer (car (gimp-image-get-active-layer image)))
               (bounds (gimp-selection-bounds image)))
          (list image (car (gimp-image-get-name image)) (car (gimp-image-width image)) (car (gimp-image-height image))
            (car (gimp-image-get-precision image)) (car (gimp-image-base-type image))
            (if (= (car bounds) 0) '()
              (let* ((box (cdr bounds))
                     (area (* (- (caddr box) (car box)) (- (cadddr box) (cadr box))))
                     (counts (gimp-drawable-histogram (car (gimp-image-get-selection image)) HISTOGRAM-VALUE 0 1)))
                (append box (list (if (and (> (car counts) 0.9999) (< (abs (- area (cadddr counts))) 0.5)) 1 0)))))
            (if (< layer 0) '()
              (append (list layer (car (gimp-item-get-name layer))) (gimp-drawable-offsets layer)
                (list (car (gimp-drawable-width layer)) (car (gimp-drawable-height layer))
                  (car (gimp-item-is-group layer)) (car (gimp-drawable-has-alpha layer)))))))))`;
}

/** Writes the layer's own pixels, without mask and opacity, as PNG in the image's depth. */
export function exportScript(image: number, layer: number, path: string): string {
  return `(begin (file-png-save-defaults RUN-NONINTERACTIVE ${image} ${layer} ${quote(path)} ${quote(path)}) 1)`;
}

/** What the document must still be like when the result arrives. */
export interface Expected {
  image: number;
  layer: number;
  width: number;
  height: number;
  layerBounds: { x: number; y: number; width: number; height: number };
}

function unchanged({ image, layer, width, height, layerBounds: { x, y, width: w, height: h } }: Expected): string {
  return `
    (and (= (car (gimp-image-is-valid ${image})) 1)
         (= (car (gimp-item-is-valid ${layer})) 1)
         (= (car (gimp-item-get-image ${layer})) ${image})
         (= (car (gimp-image-width ${image})) ${width}) (= (car (gimp-image-height ${image})) ${height})
         (equal? (gimp-drawable-offsets ${layer}) '(${x} ${y}))
         (= (car (gimp-drawable-width ${layer})) ${w}) (= (car (gimp-drawable-height ${layer})) ${h}))`;
}

/** 1 while the document is as it was, else 0. */
export function unchangedScript(expected: Expected): string {
  return `(if ${unchanged(expected)} 1 0)`;
}

export interface Placement {
  expected: Expected;
  path: string;
  name: string;
  /** New size of the document. */
  width: number;
  height: number;
  /** Where the result goes in it. */
  x: number;
  y: number;
  /** The selection becomes the new layer's mask. */
  masked: boolean;
}

/**
 * Enlarges the image and puts the result above the layer that it came from, as one undo step; 0 where the document has
 * changed meanwhile. The file is read first: what can fail comes before anything is changed.
 */
export function insertScript({ expected, path, name, width, height, x, y, masked }: Placement): string {
  const { image, layer } = expected;
  return `
    (if (not ${unchanged(expected)}) 0
      (let* ((new (car (gimp-file-load-layer RUN-NONINTERACTIVE ${image} ${quote(path)})))
             (shape 0) (old (car (gimp-layer-get-mask ${layer}))))
        (gimp-image-undo-group-start ${image})
        (gimp-context-push)
        (gimp-context-set-interpolation INTERPOLATION-CUBIC)
        (if (> old 0) (set! old ${masked ? '0' : 'old'}))
        ${masked ? `(set! shape (car (gimp-selection-save ${image})))` : ''}
        (gimp-image-scale ${image} ${width} ${height})
        (gimp-item-set-name new ${quote(name)})
        (gimp-image-insert-layer ${image} new (car (gimp-item-get-parent ${layer}))
          (car (gimp-image-get-item-position ${image} ${layer})))
        (gimp-layer-set-offsets new ${x} ${y})
        ${
          masked
            ? `(let* ((kept (car (gimp-selection-save ${image}))))
                 (gimp-image-select-item ${image} CHANNEL-OP-REPLACE shape)
                 (gimp-layer-add-mask new (car (gimp-layer-create-mask new ADD-MASK-SELECTION)))
                 (gimp-image-select-item ${image} CHANNEL-OP-REPLACE kept)
                 (gimp-image-remove-channel ${image} kept)
                 (gimp-image-remove-channel ${image} shape))`
            : `(if (> old 0)
                 (let* ((kept (car (gimp-selection-save ${image}))))
                   (gimp-image-select-item ${image} CHANNEL-OP-REPLACE old)
                   (gimp-layer-add-mask new (car (gimp-layer-create-mask new ADD-MASK-SELECTION)))
                   (gimp-image-select-item ${image} CHANNEL-OP-REPLACE kept)
                   (gimp-image-remove-channel ${image} kept)))`
        }
        (gimp-image-set-active-layer ${image} new)
        (gimp-context-pop)
        (gimp-image-undo-group-end ${image})
        (gimp-displays-flush)
        1))`;
}

/** Opens a new image of the same kind with the result as its one layer; 0 where the document has changed meanwhile. */
export function newImageScript({ expected, path, name, width, height }: Omit<Placement, 'x' | 'y' | 'masked'>): string {
  const { image } = expected;
  return `
    (if (not ${unchanged(expected)}) 0
      (let* ((resolution (gimp-image-get-resolution ${image}))
             (profile (gimp-image-get-color-profile ${image}))
             (new (car (gimp-image-new-with-precision ${width} ${height} (car (gimp-image-base-type ${image}))
               (car (gimp-image-get-precision ${image})))))
             (layer 0))
        (gimp-image-undo-disable new)
        (if (> (car profile) 0) (gimp-image-set-color-profile new (car profile) (cadr profile)))
        (gimp-image-set-resolution new (car resolution) (cadr resolution))
        (set! layer (car (gimp-file-load-layer RUN-NONINTERACTIVE new ${quote(path)})))
        (gimp-item-set-name layer ${quote(name)})
        (gimp-image-insert-layer new layer 0 0)
        (gimp-image-undo-enable new)
        (catch #f (gimp-display-new new))
        (gimp-displays-flush)
        1))`;
}
