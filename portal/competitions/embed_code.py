"""What a site pastes to show a competition: the frame, or the script that makes one (competition-api.txt, "Embeds")."""

from markupsafe import escape


def frame_of(site: str, uid: str, theme: str, *, width: str = "100%", height: int = 600) -> str:
    """An iframe, on one line."""
    source = escape(f"{site.rstrip('/')}/embed/{uid}?theme={theme}")
    return f'<iframe src="{source}" width="{width}" height="{height}" frameborder="0" allow="clipboard-write"></iframe>'


def script_of(site: str, uid: str, theme: str) -> str:
    """The place and the script tag, on two lines."""
    source = escape(f"{site.rstrip('/')}/embed.js")
    place = f'<div id="lc-widget-{uid[:8]}"></div>'
    return f'{place}\n<script src="{source}" data-competition="{uid}" data-theme="{theme}" async></script>'
