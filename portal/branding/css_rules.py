"""What custom CSS may say: properties, functions, at-rules, selectors. Whatever is not in one of these lists is dropped."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Nothing here can fetch, and nothing takes a box out of the page: no `position` but the two below, no offsets, no animation.
PROPERTIES = _words(
    """
    accent-color align-content align-items align-self aspect-ratio backdrop-filter backface-visibility background
    background-attachment background-blend-mode background-clip background-color background-image background-origin
    background-position background-position-x background-position-y background-repeat background-size block-size border
    border-block border-block-color border-block-end border-block-start border-block-style border-block-width border-bottom
    border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width
    border-collapse border-color border-end-end-radius border-end-start-radius border-inline border-inline-color
    border-inline-end border-inline-end-color border-inline-end-width border-inline-start border-inline-start-color
    border-inline-start-width border-inline-style border-inline-width border-left border-left-color border-left-style
    border-left-width border-radius border-right border-right-color border-right-style border-right-width border-spacing
    border-start-end-radius border-start-start-radius border-style border-top border-top-color border-top-left-radius
    border-top-right-radius border-top-style border-top-width border-width box-decoration-break box-shadow box-sizing
    caption-side caret-color clip-path color color-scheme column-count column-gap column-rule column-rule-color
    column-rule-style column-rule-width columns content cursor direction display empty-cells fill fill-opacity filter flex
    flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap float clear font font-family font-feature-settings
    font-kerning font-size font-stretch font-style font-variant font-variant-caps font-variant-numeric font-weight gap grid
    grid-area grid-auto-columns grid-auto-flow grid-auto-rows grid-column grid-column-end grid-column-start grid-gap grid-row
    grid-row-end grid-row-start grid-template grid-template-areas grid-template-columns grid-template-rows height hyphens
    inline-size isolation justify-content justify-items justify-self letter-spacing line-height list-style list-style-position
    list-style-type margin margin-block margin-block-end margin-block-start margin-bottom margin-inline margin-inline-end
    margin-inline-start margin-left margin-right margin-top max-block-size max-height max-inline-size max-width
    min-block-size min-height min-inline-size min-width mix-blend-mode object-fit object-position opacity order orphans
    outline outline-color outline-offset outline-style outline-width overflow overflow-wrap overflow-x overflow-y padding
    padding-block padding-block-end padding-block-start padding-bottom padding-inline padding-inline-end padding-inline-start
    padding-left padding-right padding-top place-content place-items place-self position row-gap rotate scale scrollbar-color
    scrollbar-gutter scrollbar-width stroke stroke-dasharray stroke-linecap stroke-linejoin stroke-opacity stroke-width
    tab-size table-layout text-align text-align-last text-decoration text-decoration-color text-decoration-line
    text-decoration-style text-decoration-thickness text-indent text-overflow text-rendering text-shadow text-transform
    text-underline-offset text-wrap transform transform-origin transition transition-delay transition-duration
    transition-property transition-timing-function translate unicode-bidi vertical-align visibility white-space widows width
    word-break word-spacing writing-mode z-index
    """
)
# Properties of which only these values pass, letter by letter; "" stands for an empty string.
VALUES = {
    "position": frozenset({"static", "relative"}),
    "content": frozenset({"none", "normal", '""'}),
}
FUNCTIONS = _words(
    """
    var calc min max clamp round mod rem abs sign rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark
    linear-gradient radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient
    repeating-conic-gradient translate translatex translatey translatez translate3d scale scalex scaley scalez scale3d
    rotate rotatex rotatey rotatez rotate3d skew skewx skewy matrix matrix3d perspective cubic-bezier steps linear minmax
    repeat fit-content blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia inset circle
    ellipse polygon
    """
)
AT_RULES = frozenset({"media"})
PSEUDO = _words(
    """
    active checked default dir disabled empty enabled first-child first-of-type focus focus-visible focus-within hover
    last-child last-of-type link only-child only-of-type open optional placeholder-shown read-only required target visited
    after before first-letter first-line marker placeholder selection
    """
)
PSEUDO_OF_SELECTORS = frozenset({"is", "not", "where"})
PSEUDO_OF_NUMBERS = frozenset({"nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type"})
# What somebody typed must not be readable by a selector, so `value` and its like are not here; data-* and aria-* are.
ATTRIBUTES = frozenset({"class", "dir", "hidden", "lang", "open", "role"})
