# The verdict of each objective of a contract in each window, from facts that the engine gives: see README.md.
package hallmark

verdicts := [judgement(facts) | some facts in input.facts]

# What cannot be judged, whyever, is unknown: nothing passes by accident.
judgement(facts) := judged if {
	judged := settled(facts, doubts(facts))
} else := {"verdict": "unknown", "reasons": ["the facts are not complete"]}

settled(facts, []) := {"verdict": "pass", "reasons": [compared(facts, kept)]} if {
	asked[facts.operator][facts.side]
} else := {"verdict": "violated", "reasons": [compared(facts, broken)]} if {
	facts.budget == null
} else := weighed(facts, excesses(facts))

settled(_, reasons) := {"verdict": "unknown", "reasons": reasons} if count(reasons) > 0

# A budget allows some windows of a period to be bad. This one is, and the excesses say in which way it is one too many.
weighed(facts, []) := {"verdict": "unknown", "reasons": [compared(facts, broken), "its burn rate is not known"]} if {
	facts.budget.burn_rate_limit != null
	facts.budget.burn_rate == null
} else := {"verdict": "pass", "reasons": [compared(facts, broken), sprintf(
	"within the budget: bad windows in the period: %v, and %v allowed",
	[facts.budget.violated + 1, facts.budget.allowed],
)]}

weighed(facts, reasons) := {"verdict": "violated", "reasons": array.concat([compared(facts, broken)], reasons)} if {
	count(reasons) > 0
}

# Why a verdict cannot be given, in this order. Each of them is a reason or "".
doubts(facts) := given([
	operator(facts), validity(facts), end(facts), engines(facts), value(facts),
	samples(facts), completeness(facts), coverage(facts), side(facts),
])

# A function of its own: inside of a comprehension one of them that is undefined would count as none at all.
given(reasons) := [reason | some reason in reasons; reason != ""]

operator(facts) := "" if kept[facts.operator]

else := sprintf("there is no operator %v", [facts.operator])

validity(facts) := "" if facts.applies

else := "the contract is not valid in this window"

end(facts) := "" if facts.closed

else := "the window is not over"

engines(facts) := "" if facts.behind == []

else := concat("", ["not reported up to the end of the window: ", concat(", ", facts.behind)])

value(facts) := "" if facts.value != null

else := sprintf("%v cannot be computed", [facts.figure])

samples(facts) := "" if facts.count >= facts.least_count

else := sprintf("%v of at least %v samples", [facts.count, facts.least_count])

# What is null is asked for first: evaluators do not agree on whether it is less than a number.
completeness(facts) := "how many records are complete is not known" if facts.completeness == null

else := "" if facts.completeness >= facts.least_completeness

else := sprintf("%v of records are complete, less than %v", [facts.text.completeness, facts.text.least_completeness])

coverage(facts) := "" if facts.least_coverage == null

else := "how many truths are known is not known" if facts.coverage == null

else := "" if facts.coverage >= facts.least_coverage

else := sprintf("the truth of %v of predictions is known, less than %v", [
	facts.text.coverage,
	facts.text.least_coverage,
])

side(facts) := "" if facts.side != "either"

else := sprintf("%v is between %v and %v, on either side of %v", [
	facts.figure,
	facts.text.low,
	facts.text.high,
	facts.text.threshold,
])

# What an objective asks of a figure: on which side of the threshold it is.
asked := {"<": {"below"}, "<=": {"below", "at"}, ">": {"above"}, ">=": {"at", "above"}}

kept := {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}

broken := {"<": "not less than", "<=": "more than", ">": "not more than", ">=": "less than"}

compared(facts, words) := sprintf("%v is %v, %v %v", [
	facts.figure,
	facts.text.value,
	words[facts.operator],
	facts.text.threshold,
])

# In which way a bad window is one too many. Each of them is a reason or "".
excesses(facts) := given([windows(facts.budget), burning(facts)])

windows(budget) := "" if budget.violated + 1 <= budget.allowed

else := sprintf("bad windows in the period: %v, and %v allowed", [budget.violated + 1, budget.allowed])

burning(facts) := "" if null in {facts.budget.burn_rate, facts.budget.burn_rate_limit}

else := "" if facts.budget.burn_rate < facts.budget.burn_rate_limit

else := sprintf("the budget burns at %v times its rate, and %v is the limit", [
	facts.text.burn_rate,
	facts.text.burn_rate_limit,
])
