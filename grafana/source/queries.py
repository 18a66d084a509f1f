"""Queries of Prometheus, for the nodes that are chosen."""


def of(metric, matchers="", prefix="scangate_"):
    """The series of a metric."""
    chosen = 'job=~"$job",instance=~"$instance"'
    return f"{prefix}{metric}{{{chosen}{',' if matchers else ''}{matchers}}}"


def rate(metric, by="", matchers=""):
    """So many a second, over all nodes, apart by these labels."""
    return f"sum{f' by ({by})' if by else ''} (rate({of(metric, matchers)}[$__rate_interval]))"


def increase(metric, matchers=""):
    """So many in the time that is shown."""
    return f"sum (increase({of(metric, matchers)}[$__range]))"


def quantile(share, metric, by="", window="$__rate_interval"):
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({of(metric + '_bucket')}[{window}])))"


def quantiles(metric, *shares, window="$__rate_interval"):
    return {f"p{share * 100:.0f}": quantile(share, metric, window=window) for share in shares}
