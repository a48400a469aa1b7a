"""What people call a place or its time -> the IANA zones they are likely to mean, the likeliest first.

States and their zones: 49 CFR 71 (standard time zone boundaries); the second of two is the smaller part of a state.
Only what the names of the zones themselves do not say stands here.
"""

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
ARIZONA, ALASKA, HAWAII = "America/Phoenix", "America/Anchorage", "Pacific/Honolulu"
_NAMES: dict[tuple[str, ...], str] = {
    (EASTERN,): "connecticut, ct, delaware, de, district of columbia, dc, maine, me, maryland, md, ga, "
    "massachusetts, ma, new hampshire, nh, new jersey, nj, new york, ny, north carolina, nc, ohio, oh, "
    "pennsylvania, pa, rhode island, ri, south carolina, sc, vermont, vt, virginia, va, "
    "west virginia, wv, eastern, et, est, edt, east coast, est5edt, "
    "washington dc, boston, philadelphia, pittsburgh, baltimore, atlanta, miami, tampa, orlando, jacksonville, "
    "charlotte, raleigh, fayetteville, fort bragg, fort liberty, fort benning, fort stewart, fort drum, norfolk, "
    "virginia beach, richmond, savannah, cleveland, columbus, cincinnati, camp lejeune, west point",
    (EASTERN, "Asia/Tbilisi"): "georgia",
    (EASTERN, CENTRAL): "florida, fl, kentucky, ky",
    ("America/Indiana/Indianapolis", CENTRAL): "indiana, in",
    ("America/Detroit", CENTRAL): "michigan, mi",
    (CENTRAL,): "alabama, al, arkansas, ar, illinois, il, iowa, ia, louisiana, la, minnesota, mn, mississippi, ms, "
    "missouri, mo, oklahoma, ok, wisconsin, wi, central, cst, cdt, cst6cdt, dallas, houston, san antonio, austin, "
    "fort worth, killeen, fort hood, fort cavazos, fort sill, fort campbell, fort riley, fort polk, new orleans, "
    "nashville, memphis, st louis, kansas city, minneapolis, milwaukee, omaha, oklahoma city, birmingham",
    (CENTRAL, EASTERN): "tennessee, tn",
    (CENTRAL, MOUNTAIN): "texas, tx, kansas, ks, nebraska, ne, north dakota, nd, south dakota, sd",
    (MOUNTAIN,): "colorado, co, montana, mt, new mexico, nm, utah, ut, wyoming, wy, mountain, mdt, mst7mdt, "
    "colorado springs, fort carson, el paso, fort bliss, albuquerque, salt lake city, cheyenne",
    (MOUNTAIN, ARIZONA): "mst",
    (ARIZONA,): "arizona, az, tucson, fort huachuca",
    ("America/Boise", PACIFIC): "idaho, id",
    (PACIFIC,): "california, ca, nevada, nv, wa, pacific, pst, pdt, pst8pdt, west coast, san diego, "
    "san francisco, san jose, sacramento, seattle, tacoma, joint base lewis mcchord, camp pendleton, las vegas, "
    "portland, spokane",
    (PACIFIC, "America/Boise"): "oregon, or",
    (PACIFIC, EASTERN): "washington",
    (ALASKA,): "alaska, ak, akst, akdt, fairbanks, fort wainwright",
    (HAWAII,): "hawaii, hi, hst, oahu, schofield barracks, pearl harbor",
    ("Europe/Berlin",): "germany, ramstein, kaiserslautern, stuttgart, wiesbaden, landstuhl, grafenwoehr, cet",
    ("Europe/Rome",): "italy, vicenza, naples, aviano",
    ("Europe/London",): "england, uk, united kingdom, britain",
    ("Europe/Madrid",): "spain, rota",
    ("Europe/Brussels",): "belgium, brussels",
    ("Asia/Tokyo",): "japan, okinawa, yokosuka, misawa",
    ("Asia/Seoul",): "korea, south korea, camp humphreys, osan",
}

PLACES: dict[str, tuple[str, ...]] = {name: zones for zones, names in _NAMES.items() for name in names.split(", ")}
"""A name in small letters -> zones."""
