BASELINES = (300, 1000)
VALUES_WATCHED = (2000, 10000)
THRESHOLDS = {k: {b: (9.,11.,12.) for b in BASELINES} for k in ("outcome","share","level")}
