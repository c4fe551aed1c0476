package hallmark_test

import data.hallmark

good := {
	"figure": "response_time.p95",
	"operator": "<=",
	"threshold": 0.2,
	"value": 0.1,
	"low": 0.1,
	"high": 0.1,
	"side": "below",
	"count": 100,
	"least_count": 30,
	"completeness": 1,
	"least_completeness": 0.95,
	"coverage": null,
	"least_coverage": null,
	"applies": true,
	"closed": true,
	"behind": [],
	"budget": null,
	"text": {
		"value": "0.1",
		"threshold": "0.2",
		"low": "0.1",
		"high": "0.3",
		"completeness": "100 %",
		"least_completeness": "95 %",
		"coverage": "40 %",
		"least_coverage": "50 %",
		"burn_rate": "20",
		"burn_rate_limit": "14.4",
	},
}

bad := object.union(good, {"side": "above", "text": {"value": "0.3"}})

budget := {"windows": 99, "violated": 9, "allowed": 10, "burn_rate": 0, "burn_rate_limit": 14.4}

judged(base, changes) := answer if {
	[answer] := hallmark.verdicts with input as {"facts": [object.union(base, changes)]}
}

unknown(reason) := {"verdict": "unknown", "reasons": [reason]}

bad_text := "response_time.p95 is 0.3, more than 0.2"

test_a_good_value_passes if {
	judged(good, {}) == {"verdict": "pass", "reasons": ["response_time.p95 is 0.1, at most 0.2"]}
}

test_a_bad_value_violates if {
	judged(bad, {}) == {"verdict": "violated", "reasons": [bad_text]}
}

test_every_operator_asks_for_its_sides if {
	every operator, sides in hallmark.asked {
		every side in ["below", "at", "above"] {
			verdict := judged(good, {"operator": operator, "side": side}).verdict
			{verdict} == {"pass" | side in sides} | {"violated" | not side in sides}
		}
	}
}

test_every_operator_has_its_words if {
	object.keys(hallmark.kept) == object.keys(hallmark.asked)
	object.keys(hallmark.broken) == object.keys(hallmark.asked)
}

test_an_operator_that_there_is_not if {
	judged(good, {"operator": "=="}) == unknown("there is no operator ==")
}

test_a_contract_that_is_not_valid if {
	judged(bad, {"applies": false}) == unknown("the contract is not valid in this window")
}

test_a_window_that_is_not_over if {
	judged(bad, {"closed": false}) == unknown("the window is not over")
}

test_engines_that_are_behind if {
	judged(good, {"behind": ["a", "b"]}) == unknown("not reported up to the end of the window: a, b")
}

test_no_value if {
	judged(good, {"value": null, "side": null}) == unknown("response_time.p95 cannot be computed")
}

test_too_few_samples if {
	judged(good, {"count": 29}) == unknown("29 of at least 30 samples")
}

test_records_that_are_not_complete if {
	judged(good, {"completeness": null}) == unknown("how many records are complete is not known")
	judged(good, {"completeness": 0.9}) == unknown("100 % of records are complete, less than 95 %")
}

test_truth_that_is_not_known if {
	judged(good, {"least_coverage": 0.5}) == unknown("how many truths are known is not known")
	little := "the truth of 40 % of predictions is known, less than 50 %"
	judged(good, {"coverage": 0.4, "least_coverage": 0.5}) == unknown(little)
	judged(good, {"coverage": 0.5, "least_coverage": 0.5}).verdict == "pass"
}

test_a_value_that_may_be_on_either_side if {
	judged(bad, {"side": "either"}) == unknown("response_time.p95 is between 0.1 and 0.3, on either side of 0.2")
}

test_facts_that_are_not_complete if {
	judged(object.remove(good, ["count"]), {}) == unknown("the facts are not complete")
	[found] := hallmark.verdicts with input as {"facts": [{}]}
	found == unknown("the facts are not complete")
}

test_a_budget_forgives_what_it_allows if {
	within := "within the budget: bad windows in the period: 10, and 10 allowed"
	judged(bad, {"budget": budget}) == {"verdict": "pass", "reasons": [bad_text, within]}
}

test_a_budget_that_is_spent if {
	spent := "bad windows in the period: 11, and 10 allowed"
	found := judged(bad, {"budget": object.union(budget, {"violated": 10})})
	found == {"verdict": "violated", "reasons": [bad_text, spent]}
}

test_a_budget_that_burns if {
	burns := "the budget burns at 20 times its rate, and 14.4 is the limit"
	found := judged(bad, {"budget": object.union(budget, {"burn_rate": 20})})
	found == {"verdict": "violated", "reasons": [bad_text, burns]}
}

test_a_burn_rate_that_is_not_known if {
	found := judged(bad, {"budget": object.union(budget, {"burn_rate": null})})
	found == {"verdict": "unknown", "reasons": [bad_text, "its burn rate is not known"]}
}

test_a_good_value_needs_no_budget if {
	judged(good, {"budget": object.union(budget, {"violated": 50})}).verdict == "pass"
}

test_verdicts_are_in_the_order_of_the_facts if {
	found := hallmark.verdicts with input as {"facts": [good, bad, object.union(good, {"closed": false})]}
	[each.verdict | some each in found] == ["pass", "violated", "unknown"]
}
