"""Writes ../statistics.json: what other people's programs say of small random samples, ties and zeros among them.

    python statistics_peers.py

Needs scipy 1.17, statsmodels 0.15, rliable 1.2, scikit-learn 1.9 and numpy. Where a peer approximates (scipy's Wilcoxon
beyond 50 values or with ties) its exact form is asked for, or all sign patterns are counted here. (Not named
statistics.py: the other scripts of this folder would import it for Python's own.)
"""

import itertools
import json
import math
import os
import sys
import types

import numpy as np
from scipy import integrate, special, stats
from sklearn.metrics import brier_score_loss, log_loss
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

# rliable's library imports arch for its bootstraps, which are not used here (they draw from one global generator).
arch = types.ModuleType("arch")
arch.bootstrap = types.ModuleType("arch.bootstrap")
arch.bootstrap.IIDBootstrap = arch.bootstrap.IndependentSamplesBootstrap = object
sys.modules["arch"], sys.modules["arch.bootstrap"] = arch, arch.bootstrap
from rliable import library, metrics  # noqa: E402

rng = np.random.default_rng(20260728)


def plain(value):
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.14g}") if math.isfinite(value) else str(value)
    return value


def differences(n):
    """Whole items won, with ties and zeros."""
    return np.rint(rng.normal(rng.choice([0, 0.5, 1.5]), rng.choice([1.5, 4, 12]), n)).astype(int)


def sign_flip_cases():
    cases = []
    for n in range(2, 16):
        d = differences(n)
        case = {"d": d}
        for name in ("two-sided", "greater"):
            found = stats.permutation_test((d.astype(float),), lambda x, axis: x.sum(axis=axis), vectorized=True,
                                           permutation_type="samples", alternative=name, n_resamples=np.inf)
            case["both" if name == "two-sided" else "greater"] = found.pvalue
        cases.append(case)
    return cases


def wilcoxon_cases():
    cases = []
    for n in range(1, 61):  # without ties: scipy's exact law
        sizes = rng.permutation(np.arange(1, n + 1))
        d = sizes * np.where(rng.random(n) < rng.choice([0.5, 0.65]), 1, -1)
        exact = stats.wilcoxon(d.astype(float), method="exact")
        normal = stats.wilcoxon(d.astype(float), method="asymptotic")
        corrected = stats.wilcoxon(d.astype(float), method="asymptotic", correction=True)
        cases.append({"d": d, "zeros": "wilcox", "p": exact.pvalue, "normal": normal.pvalue,
                      "corrected": corrected.pvalue})
    for n in range(4, 14):  # with ties and zeros: every pattern of signs, as scipy's auto does up to 13
        for zeros in ("wilcox", "pratt", "zsplit"):
            d = differences(n)
            d[0] = 0
            d[1:3] = 2, -5  # scipy wants two values to flip
            found = stats.wilcoxon(d.astype(float), zero_method=zeros,
                                   method=stats.PermutationMethod(n_resamples=np.inf))
            normal = stats.wilcoxon(d.astype(float), zero_method=zeros, method="asymptotic")
            cases.append({"d": d, "zeros": zeros, "p": found.pvalue, "normal": normal.pvalue})
    return cases


def student_cases():
    cases = []
    for n in (2, 3, 5, 8, 13, 30):
        x, y = np.round(rng.normal(0.3, 1, n), 4), np.round(rng.normal(0, 2, n + 2), 4)
        one = stats.ttest_1samp(x, 0)
        two = stats.ttest_ind(x, y, equal_var=False)
        at95, at90 = one.confidence_interval(0.95), one.confidence_interval(0.9)
        unpaired = two.confidence_interval(0.95)
        margin = round(float(rng.uniform(0.3, 2)), 3)
        cases.append({"x": x, "y": y, "t": one.statistic, "p": one.pvalue, "interval": at95, "interval90": at90,
                      "welch": [two.statistic, two.pvalue, two.df, *unpaired], "margin": margin,
                      "tost": ttost_paired(x, np.zeros(n), -margin, margin)[0]})
    return cases


def proportion_cases():
    cases = []
    for n in (1, 2, 7, 20, 50, 333, 1319, 50000):
        for k in sorted({0, n, n // 3, n // 2, int(0.93 * n)}):
            wilson = proportion_confint(k, n, method="wilson")
            exact = [0 if k == 0 else stats.beta.ppf(0.025, k, n - k + 1),
                     1 if k == n else stats.beta.ppf(0.975, k + 1, n - k)]
            cases.append({"k": k, "n": n, "wilson": wilson, "exact": exact})
    return cases


def mcnemar_cases():
    cases = []
    for b, c in ((1, 0), (5, 2), (0, 9), (12, 4), (30, 31), (88, 60), (700, 812)):
        cases.append({"b": b, "c": c, "exact": mcnemar([[0, b], [c, 0]], exact=True).pvalue,
                      "mid": 2 * stats.binom.cdf(min(b, c), b + c, 0.5) - stats.binom.pmf(min(b, c), b + c, 0.5)})
    return cases


def friedman_cases():
    cases = []
    for sets, methods in ((4, 3), (6, 3), (12, 4), (9, 5), (15, 8), (30, 11)):
        scores = np.round(rng.normal(size=(sets, methods)) * 0.6 + 0.15 * np.arange(methods), 1)  # one digit: ties
        ranks = np.array([stats.rankdata(-row) for row in scores]).mean(0)
        found = stats.friedmanchisquare(*scores.T)
        f = (sets - 1) * found.statistic / (sets * (methods - 1) - found.statistic)
        z = abs(ranks[0] - ranks[1]) / math.sqrt(methods * (methods + 1) / (6 * sets))
        cases.append({"sets": sets, "methods": methods, "scores": scores.ravel(), "ranks": ranks,
                      "statistic": found.statistic, "p": found.pvalue,
                      "p_f": stats.f.sf(f, methods - 1, (methods - 1) * (sets - 1)),
                      "nemenyi": stats.studentized_range.sf(z * math.sqrt(2), methods, np.inf),
                      "difference": stats.studentized_range.ppf(0.95, methods, np.inf) / math.sqrt(2)
                      * math.sqrt(methods * (methods + 1) / (6 * sets))})
    # the permutation law of three sets, counted
    scores = np.array([[3, 2, 1], [2, 2, 1], [1, 3, 2], [3, 1, 2.0]])
    ranks = [stats.rankdata(-row) for row in scores]
    seen = (sum(ranks) ** 2).sum()
    counted = [(np.sum(rows, axis=0) ** 2).sum() >= seen - 1e-9
               for rows in itertools.product(*[list(itertools.permutations(r)) for r in ranks])]
    return cases, {"scores": scores.ravel(), "sets": 4, "methods": 3, "p": np.mean(counted)}


def multiplicity_cases():
    cases = []
    for m in (1, 2, 6, 15):
        p = np.round(rng.random(m) ** 2, 2)  # two digits: ties
        cases.append({"p": p, "holm": multipletests(p, method="holm")[1], "bh": multipletests(p, method="fdr_bh")[1],
                      "bh_scipy": stats.false_discovery_control(p)})
    return cases


def bootstrap_cases():
    cases = []

    class Given:
        pass

    for sizes in ((5,), (9,), (40,), (6, 4)):
        samples = [np.round(rng.exponential(2, n), 3) for n in sizes]
        statistic = (lambda x, axis=-1: np.mean(x, axis=axis)) if len(sizes) == 1 else (
            lambda x, y, axis=-1: np.mean(x, axis=axis) - np.mean(y, axis=axis))
        given = Given()
        given.bootstrap_distribution = np.round(
            statistic(*[s[rng.integers(0, len(s), (399, len(s)))] for s in samples]), 6)
        estimate = statistic(*samples)  # ties with it, which rounding would break
        given.bootstrap_distribution[abs(given.bootstrap_distribution - estimate) < 1e-5] = estimate
        low_high = {}
        for method in ("percentile", "BCa"):
            found = stats.bootstrap(samples, statistic, n_resamples=0, bootstrap_result=given, method=method)
            low_high[method] = list(found.confidence_interval)
        cases.append({"samples": samples, "distribution": given.bootstrap_distribution, **low_high})
    return cases


def aggregate_cases():
    cases = []
    for runs, other, tasks in ((1, 1, 1), (3, 3, 2), (5, 4, 7), (10, 10, 3)):
        x, y = np.round(rng.random((runs, tasks)), 1), np.round(rng.random((other, tasks)), 1)
        taus = np.array([0, 0.25, 0.5, 0.7, 1])
        cases.append({"runs": runs, "other": other, "tasks": tasks, "x": x.ravel(), "y": y.ravel(),
                      "iqm": metrics.aggregate_iqm(x), "gap": metrics.aggregate_optimality_gap(x, 0.8),
                      "improvement": metrics.probability_of_improvement(x, y), "taus": taus,
                      "profile": library.score_distributions(x, taus),
                      "average_profile": library.average_score_distributions(x, taus)})
    return cases


def power_cases():
    cases = []
    for n, effect in ((3, 0.4), (6, 1.0), (10, 0.8), (24, 0.3), (100, 0.2), (798, 0.0993559)):
        v, t = n - 1, stats.t.ppf(0.975, n - 1)
        shift = effect * math.sqrt(n)
        exact = integrate.quad(lambda u: stats.chi2.pdf(u, v) * (special.ndtr(shift - t * math.sqrt(u / v))
                                                                 + special.ndtr(-shift - t * math.sqrt(u / v))),
                               0, stats.chi2.ppf(1 - 1e-15, v), limit=500, epsabs=1e-13, epsrel=1e-12)[0]
        cases.append({"n": n, "effect": effect, "power": TTestPower().power(effect, n, 0.05), "integral": exact})
    return cases


def calibration_cases():
    cases = []
    for n, classes in ((7, 2), (40, 3), (150, 10)):
        logits = np.round(rng.normal(size=(n, classes)) * 2, 2)
        p = np.round(special.softmax(logits, axis=1), 6)
        p[:, 0] = np.round(1 - p[:, 1:].sum(1), 6)
        y = np.array([rng.choice(classes, p=row / row.sum()) for row in p])
        confident = np.round(p.max(1), 6)
        right = (p.argmax(1) == y).astype(int)
        bins = np.clip(np.ceil(confident * 15).astype(int) - 1, 0, 14)
        ece = sum((bins == b).mean() * abs(right[bins == b].mean() - confident[bins == b].mean())
                  for b in range(15) if (bins == b).any())
        case = {"classes": classes, "p": p.ravel(), "y": y, "confident": confident, "right": right, "ece": ece,
                "brier": brier_score_loss(np.eye(classes)[y][:, 1], p[:, 1]) * 2 if classes == 2 else
                brier_score_loss(y, p, labels=list(range(classes)), scale_by_half=False),
                "nll": log_loss(y, p, labels=list(range(classes)))}
        cases.append(case)
    return cases


def cka_cases():
    def hsic(k, l):  # the U statistic of Song et al. 2012
        n = len(k)
        k, l, one = k - np.diag(np.diag(k)), l - np.diag(np.diag(l)), np.ones(n)
        return (np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
                - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))

    cases = []
    for n, p, q in ((4, 2, 3), (9, 3, 2), (12, 20, 15), (30, 4, 4)):
        x = np.round(rng.normal(size=(n, p)) + 1, 2)
        y = np.round(x[:, :1] * rng.normal(size=(1, q)) + rng.normal(size=(n, q)), 2)
        centre = np.eye(n) - 1 / n
        k, l = x @ x.T, y @ y.T
        kc, lc = centre @ k @ centre, centre @ l @ centre
        cases.append({"n": n, "p": p, "q": q, "x": x.ravel(), "y": y.ravel(),
                      "plain": np.trace(kc @ lc) / math.sqrt(np.trace(kc @ kc) * np.trace(lc @ lc)),
                      "debiased": hsic(k, l) / math.sqrt(hsic(k, k) * hsic(l, l)) if
                      hsic(k, k) > 0 and hsic(l, l) > 0 else None})
    return cases


def distribution_cases():
    return {"t": [[t, v, stats.t.cdf(t, v)] for t, v in ((-7.5, 3), (-1.2, 0.7), (0.4, 12.6), (3.3, 900))],
            "t_quantile": [[p, v, stats.t.ppf(p, v)] for p, v in ((0.0001, 4), (0.6, 1), (0.975, 4.42), (0.999, 60))],
            "chi2": [[x, v, stats.chi2.cdf(x, v), stats.chi2.sf(x, v)]
                     for x, v in ((0.02, 1), (3, 5), (80, 20), (510, 500), (400, 500))],
            "f": [[x, a, b, stats.f.sf(x, a, b)] for x, a, b in ((0.3, 2, 10), (6.2, 2, 10), (2.2, 9, 81), (30, 4, 7))],
            "beta": [[p, a, b, stats.beta.ppf(p, a, b)] for p, a, b in ((0.025, 3, 9), (0.5, 0.5, 0.5), (0.975, 700, 620))],
            "range": [[q, k, stats.studentized_range.sf(q, k, np.inf)] for q, k in ((0.7, 3), (3.3, 3), (4.5, 10), (5.5, 20))]}


def main():
    friedman, counted = friedman_cases()
    result = {"distributions": distribution_cases(), "sign_flip": sign_flip_cases(), "wilcoxon": wilcoxon_cases(),
              "students": student_cases(), "proportions": proportion_cases(), "mcnemar": mcnemar_cases(),
              "friedman": friedman, "friedman_counted": counted, "multiplicity": multiplicity_cases(),
              "bootstrap": bootstrap_cases(), "aggregates": aggregate_cases(), "power": power_cases(),
              "calibration": calibration_cases(), "cka": cka_cases()}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "statistics.json")
    with open(path, "w") as file:
        json.dump(plain(result), file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
