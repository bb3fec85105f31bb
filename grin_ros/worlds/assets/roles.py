# SPDX-FileCopyrightText: 2026 The grin_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The role of a furniture model in a room, found by its English name, its category and its size.

The role says where a model is placed: 'wall' with its back to a wall, 'hung' on a wall, 'ceiling' under the ceiling,
'floor' anywhere on the floor, 'small' among the small things on surfaces. 'rug', 'chair', 'table', 'low_table', 'desk'
and 'kitchen' name kinds of furniture. A model with the role '' is not used.
"""

from __future__ import annotations

import re

# Roles and patterns of names. The first match counts. For 'floor_or_small', the size decides between the two.
_NAMES: tuple[tuple[str, str], ...] = (
    (
        "",
        (
            r"^(horse|dress|jacket|socket|escalator|spiral|elevator|garage|shipping|smoke|hanging clothes)"
            r"|^(.*switch|.*plug|cctv|bill|curtain)"
            r"|pool table|trampoline|fountain|swimming|jacuzzi|lying|contemporary living|spotlight|emergency|fence"
            r"|railing|sitting"
        ),
    ),
    ("rug", r"rug|carpet|bathmat|doormat|tatami"),
    ("ceiling", r"chandelier|hanging light|ceiling lamp|ceiling fan|pendant|fluorescent light"),
    ("chair", r"office chair|armchair|^chair|chair$|chair with|class seat|stool|osaka|winchester arm"),
    ("low_table", r"coffee table|puff|rattan table"),
    ("wall", r"bedside"),
    ("desk", r"desk table|^desk$|wooden desk|dressing table|changing table|workbench"),
    (
        "kitchen",
        (
            r"^(lower cabinet|drawers cabinet|oven|sink|double sink|dishwasher|large stove|clothes washing)$"
            r"|^(dryer machine|island|stove|cooker)$|kitchen sink|lower corner"
        ),
    ),
    ("hung", r"upper cabinet|glass door cabinet|^hood|wall cabinet|upper corner"),
    ("floor_or_small", r"table fan|table tennis bat|tablet|toilet brush|^towel$"),
    ("floor_or_small", r"island bath|table tennis|football table|clock$"),
    ("table", r"table|island"),
    ("floor_or_small", r"lamp|lantern"),
    (
        "wall",
        (
            r"sofa|couch|bed$|crib|futon|wardrobe|cupboard|bookcase|shelves|cabinet|dresser|chest$|fridge|freezer"
            r"|tv stand|television|piano|fireplace|vanity|toilets|washbasin|bidet|^bath$|shower stall|locker|safe"
            r"|radiator|clothes rack|furnace"
        ),
    ),
    (
        "hung",
        (
            r"door|window|frame|clock|air conditioning - i|white board|wall flat|dart|intercom|towel|hanger|heater"
            r"|blind|screen|letters"
        ),
    ),
)
_BY_CATEGORY = {"Characters": "floor"}
_VEHICLES = r"bicycle|bike|scooter|skateboard|stroller|tricycle|motorbike"
_EXTERIOR = (
    r"chair|bench|table|bush|flower|plant|trash|can|hose|rock|wheelbarrow|dog house|spray|hydrant|mailbox|snowman"
    r"|umbrella|swing"
)


def role_of(category: str, name: str, size: tuple[float, float, float], elevation_m: float) -> str:
    """Return the role of a catalogue entry.

    ``size`` is its width, depth and height in metres, ``elevation_m`` the height of its lower end above the floor.
    """
    lower = name.lower()
    if category == "Vehicles" and not re.search(_VEHICLES, lower):
        return ""
    if category == "Exterior" and (not re.search(_EXTERIOR, lower) or max(size) > 2.2):
        return ""
    named = (role for role, names in _NAMES if re.search(names, lower))
    return _by_size(next(named, _BY_CATEGORY.get(category, "floor_or_small")), size, elevation_m)


def _by_size(role: str, size: tuple[float, float, float], elevation_m: float) -> str:
    if role == "":
        return ""
    if role == "rug":
        return "rug" if size[2] < 0.06 and max(size) > 0.5 else ""
    if role in ("wall", "floor_or_small", "chair", "low_table", "table", "floor") and elevation_m > 0.15:
        role = "hung" if size[1] < 0.7 else ""
    if role == "hung" and (size[1] > 0.75 or size[0] > 2.3):
        return ""
    if max(size) < 0.025 or size[2] < 0.008:
        return ""
    if role in ("floor_or_small", "floor", "chair", "wall") and max(size) < 0.66:
        return "small"
    if role == "floor_or_small":
        role = "floor"
    if role == "floor" and (size[0] > 2.6 or size[1] > 2.6 or size[2] > 2.3 or size[2] < 0.05):
        return ""
    return role
