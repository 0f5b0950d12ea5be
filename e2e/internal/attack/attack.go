// Package attack does to a deployment what an attacker would: each row of its table is one class of attack, named after the advisory or
// the RFC that it comes from, with what it sends and what must be true of the answer. It speaks over raw sockets where a well-behaved
// client would mend what is wrong, signs in as people do, and forges tokens. A row that cannot be tried is not passed: it says why.
//
//	tally, err := attack.Run(ctx, attack.Target{Target: target}, matrix.Printer{Out: os.Stdout})
package attack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"storefront/e2e/internal/matrix"
)

// Target is the deployment to attack. What is unknown of it, or not under control, leaves rows untried.
type Target struct {
	matrix.Target
	Tap  Tap  // between the gateway and its services; nil where nobody listens there
	Liar Liar // between the gateway and the identity server; nil where nobody lies there
	// Begin starts one more gateway with settings in place of the deployment's, and gives what it says before it ends; nil where that
	// cannot be done. ErrServes is its error when it serves.
	Begin func(ctx context.Context, settings map[string]string) (string, error)
}

// Tap hears what the gateway sends to its services, and can answer for them.
type Tap interface {
	Take() []Heard           // what has come since the last time
	Answer(http.HandlerFunc) // in place of the services; nil is their own answer again
}

// Heard is one request that reached a service.
type Heard struct {
	Service, Method, Target string
	Header, Trailer         http.Header
	Host                    string
}

// Liar spoils what the identity server says to the gateway, in one of the ways that Lies names; "" is the truth again.
type Liar interface {
	Lies() []Lie
	Tell(name string)
}

// Lie is one way to lie, with whether an honest gateway still lets its user in.
type Lie struct {
	Name     string
	Harmless bool
}

// ErrServes says that a gateway has taken settings that it should refuse.
var ErrServes = errors.New("it serves")

// Row is one class of attack.
type Row struct {
	ID     string
	Name   string
	Sends  string
	Source string
	Must   string   // what must be true of the answer
	Doors  []string // the services that it is tried at
	Class  []int    // of the incidents that SECURITY.md counts
	try    func(context.Context, *probe) error
}

// Title says what the row is about, in one line.
func (r Row) Title() string { return fmt.Sprintf("%s: %s [%s]", r.Name, r.Sends, r.Source) }

// untried is the reason why a row cannot be tried.
type untried string

func (u untried) Error() string { return string(u) }

// Rows is the whole table.
func Rows() []Row {
	return slices.Concat(tokenRows, claimRows, placeRows, headerRows, pathRows, framingRows, limitRows, loginRows, callbackRows, sessionRows, cacheRows, crossRows, webhookRows, innerRows, lastRows)
}

// Run tries the rows of these ids, or all. The error is about the run itself, never about a row.
func Run(ctx context.Context, target Target, report matrix.Reporter, ids ...string) (matrix.Tally, error) {
	r, err := newRun(ctx, target)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var tally matrix.Tally
	for _, row := range Rows() {
		if len(ids) > 0 && !slices.Contains(ids, row.ID) {
			continue
		}
		results := r.row(ctx, row)
		report.Row(row.ID, row.Title(), results)
		tally = append(tally, results...)
	}
	return tally, ctx.Err()
}

func (r *run) row(ctx context.Context, row Row) []matrix.Result {
	results := make([]matrix.Result, 0, len(row.Doors))
	for _, door := range row.Doors {
		result := matrix.Result{Service: row.ID, Request: row.Title(), Caller: door, Want: row.Must}
		result.Why, result.State = r.cell(ctx, row, door)
		results = append(results, result)
	}
	return results
}

func (r *run) cell(ctx context.Context, row Row, door string) ([]string, matrix.State) {
	if r.target.URLs[door] == "" {
		return []string{nameOf(door) + "_URL is not set"}, matrix.NotTested
	}
	p := &probe{run: r, door: door}
	err := row.try(ctx, p)
	if reason, ok := errors.AsType[untried](err); ok && p.total == 0 {
		return []string{string(reason)}, matrix.NotTested
	}
	if err != nil {
		p.note("%v", err)
	}
	if p.total > 0 {
		return p.reasons(), matrix.Failed
	}
	return nil, matrix.Passed
}
