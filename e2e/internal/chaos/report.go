package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"storefront/e2e/internal/stack"
)

// race is what a cell may hold where two things run against each other: what is always seen, and what may be.
type race struct{ always, perhaps []Outcome }

// races are the cells of processes that die while requests are under way, each of which ends in its own way.
var races = []struct {
	where  string
	probes []string
	race
}{
	{oneGateway, []string{"list", "product", "session", "Bearer", "login", "home", "readyz"}, race{[]Outcome{OK}, []Outcome{Cut}}},
	{stack.Catalog, []string{"list", "product"}, race{[]Outcome{OK, "503"}, []Outcome{"502", "504"}}},
	{stack.Catalog, []string{"catalog's readyz"}, race{[]Outcome{OK, Refused}, []Outcome{Cut}}},
	{stack.Inventory, []string{"session", "Bearer"}, race{[]Outcome{OK, "503"}, []Outcome{"502", "504"}}},
	{identityServer, []string{"login"}, race{[]Outcome{OK, Refused}, []Outcome{Cut, "503"}}},
	{redisServer, []string{"session", "login"}, race{[]Outcome{OK, "503"}, nil}},
	{postgresServer, []string{"list", "product", "session", "Bearer", "catalog's readyz"}, race{[]Outcome{OK, "503"}, []Outcome{"502", "504"}}},
}

func raceOf(where, probe string) race {
	for _, r := range races {
		if r.where == where && slices.Contains(r.probes, probe) {
			return r.race
		}
	}
	return race{}
}

// allows reports whether all that was seen may be, and all that must be was.
func (r race) allows(seen []Outcome) bool {
	missing := slices.ContainsFunc(r.always, func(o Outcome) bool { return !slices.Contains(seen, o) })
	foreign := slices.ContainsFunc(seen, func(o Outcome) bool { return !slices.Contains(r.always, o) && !slices.Contains(r.perhaps, o) })
	return !missing && !foreign
}

// String is the cell.
func (r race) String() string {
	if len(r.perhaps) == 0 {
		return join(r.always, ", ")
	}
	return join(r.always, ", ") + " (" + join(r.perhaps, ", ") + ")"
}

func join(outcomes []Outcome, between string) string {
	words := make([]string, len(outcomes))
	for i, o := range outcomes {
		words[i] = string(o)
	}
	return strings.Join(words, between)
}

// Markdown is the page docs/chaos.md: the same text after every run in which the same held.
func (r Report) Markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	p("# What fails when a line or a process does\n")
	p("`make chaos` writes this page from what it sees, on loopback: two gateways over Redis, catalog and inventory over PostgreSQL, the")
	p("local identity server, and [toxiproxy](https://github.com/Shopify/toxiproxy) between every two of them. `UPSTREAM_TIMEOUT` is %s; the", upstreamTimeout)
	p("client waits %s, on a bad line of its own %s. A test of `e2e` holds the page.\n", patience, shortPatience)
	p("| request | is |\n|---|---|")
	for _, probe := range Probes() {
		p("| %s | %s |", probe.Name, probe.Does)
	}
	p("\n`ok` is 200 with the body of before the fault, or a login that let the user in. No answer is ever a 401, a 403, a 500, or somebody")
	p("else's: `refused`, `cut` and `no answer` are what a client sees whose own line is bad.\n")
	p("## Lines\n\n| fault | the line |\n|---|---|")
	for _, f := range Faults() {
		p("| %s | %s |", f.Name, f.Does)
	}
	p("\nA mend cuts what hung on the bad line.\n\n%s", head("line", "fault"))
	for _, row := range r.Lines {
		p("| %s | %s | %s | %s |", row.Where, row.Fault, row.cells(), yes(row.Back))
	}
	p("\n## Processes\n\nEvery request is made again and again while the process is killed with `kill -9`, stays away, and is started again. The cells name")
	p("all that was seen, in brackets what may have been: a request that is under way ends in its own way. Back is counted from when the new")
	p("process is ready.\n\n%s", head("killed"))
	for _, k := range r.Kills {
		p("| %s | %s | %s |", k.Process, k.cells(), yes(k.Back))
	}
	return b.String()
}

// head is the head of a table of outcomes.
func head(columns ...string) string {
	for _, p := range Probes() {
		columns = append(columns, p.Name)
	}
	columns = append(columns, "back within 2 s")
	return "| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns))
}

func yes(back time.Duration) string {
	if back == 0 {
		return "no"
	}
	return "yes"
}

func (r Row) cells() string { return join(r.Outcomes, " | ") }

// cells names what was seen; where that is what a race allows, all that is allowed.
func (k Kill) cells() string {
	cells := make([]string, len(k.Seen))
	for i, outcomes := range k.Seen {
		seen := slices.Sorted(maps.Keys(outcomes))
		cells[i] = join(seen, ", ")
		if r := raceOf(k.Process, Probes()[i].Name); r.allows(seen) {
			cells[i] = r.String()
		}
	}
	return strings.Join(cells, " | ")
}

const kill9 = "kill -9" // the fault of a process

// Findings are what must not be, each with where it was seen: an outcome that tells the client something untrue, and what was not well
// again in time.
func (r Report) Findings() []string {
	var found []string
	look := func(where, fault, probe string, o Outcome) {
		if !o.Honest() {
			found = append(found, fmt.Sprintf("%s, %s: %s was %q", where, fault, probe, o))
		}
	}
	well := func(where, fault string, back time.Duration) {
		if back == 0 {
			found = append(found, fmt.Sprintf("%s, %s: not back in time", where, fault))
		}
	}
	for _, row := range r.Lines {
		for i, o := range row.Outcomes {
			look(row.Where, row.Fault, Probes()[i].Name, o)
		}
		well(row.Where, row.Fault, row.Back)
	}
	for _, k := range r.Kills {
		for i, seen := range k.Seen {
			for o := range seen {
				look(k.Process, kill9, Probes()[i].Name, o)
			}
		}
		well(k.Process, kill9, k.Back)
	}
	return found
}
