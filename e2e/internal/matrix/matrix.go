// Package matrix tries the role matrix: one table of route × method × caller, each cell with what must come back. It asks a deployment
// over HTTP alone, signs in as people do, and makes the tokens that an attacker would make. A cell that cannot be tried is not passed:
// it says why.
//
//	table, err := matrix.Parse("roles.yaml", data)
//	tally, err := matrix.Run(ctx, table, target, matrix.Printer{Out: os.Stdout})
package matrix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"storefront/e2e/internal/browser"
)

// Target is the deployment to ask. What is unknown of it leaves cells untried.
type Target struct {
	URLs          map[string]string         // of the services, by name; gateway is required
	Identity      string                    // where browsers reach the identity server; "" is where the login leads
	ClientID      string                    // of the gateway at the identity server
	ClientSecret  string                    //
	SigningKey    string                    // the shared key, which forged tokens need
	UserKey       *Key                      // signs user tokens in place of the shared key
	GatewayKey    *Key                      // signs gateway tokens in place of the shared key
	GatewayIssuer string                    // the iss of gateway tokens
	People        map[string]browser.Person // who can sign in, by the name in the table
	Routes        map[string][]string       // what each service registers, as "METHOD /path/:id"
	SafeOnly      bool                      // try no method that may change something
	Transport     http.RoundTripper         // of every request; nil is an ordinary one
}

// State is what became of a cell.
type State int

// The states of a cell.
const (
	Passed State = iota
	Failed
	NotTested
)

// Result is one cell that was tried, or could not be.
type Result struct {
	Service, Request, Caller string
	Want                     string // the name of the answer
	State                    State
	Got                      int      // the status, 0 for none
	Why                      []string // what was wrong with the answer, or why there is none
}

// Tally is the results, in the order of the table.
type Tally []Result

// Count is how many results are in a state.
func (t Tally) Count(state State) int {
	n := 0
	for _, r := range t {
		if r.State == state {
			n++
		}
	}
	return n
}

// Reporter hears of each row when it has been tried.
type Reporter interface {
	Row(service, request string, results []Result)
}

// untried is the reason why a cell cannot be tried.
type untried string

func (u untried) Error() string { return string(u) }

// runner is one run.
type runner struct {
	table  Table
	target Target
	client *http.Client
	actors *actors
}

// Run tries every cell of the table, and looks for routes that the table lacks. The error is about the run itself, never about a cell.
func Run(ctx context.Context, table Table, target Target, report Reporter) (Tally, error) {
	if target.Identity == "" {
		identity, err := IdentityOf(ctx, target)
		if err != nil {
			return nil, err
		}
		target.Identity = identity
	}
	r := &runner{table: table, target: target, client: newClient(target.Transport), actors: newActors(target)}
	defer r.client.CloseIdleConnections()
	var tally Tally
	for _, row := range table.Rows {
		results := r.row(ctx, row)
		report.Row(row.Service, row.Request(), results)
		tally = append(tally, results...)
	}
	for _, service := range table.Services() {
		results := r.coverage(service)
		report.Row(service, "routes", results)
		tally = append(tally, results...)
	}
	return tally, ctx.Err()
}

func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = Direct()
	}
	return &http.Client{
		Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Direct returns an ordinary transport that no variable of the environment leads to a proxy: forged tokens are for the deployment alone.
func Direct() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return transport
}

// IdentityOf asks the gateway where its login leads.
func IdentityOf(ctx context.Context, target Target) (string, error) {
	gateway := target.URLs["gateway"]
	page, err := browser.Over(target.Transport).Get(ctx, gateway+"/login")
	if err != nil {
		return "", fmt.Errorf("find the identity server: %w", err)
	}
	to, err := page.URL.Parse(page.Header.Get("Location"))
	if err != nil || page.Status != http.StatusFound {
		return "", fmt.Errorf("find the identity server: %s/login answered %d", gateway, page.Status)
	}
	return to.Scheme + "://" + to.Host, nil
}

func (r *runner) row(ctx context.Context, row Row) []Result {
	results := make([]Result, 0, len(row.Cells))
	for _, cell := range row.Cells {
		result := Result{Service: row.Service, Request: row.Request(), Caller: cell.Caller, Want: cell.Answer}
		result.Got, result.Why, result.State = r.cell(ctx, row, cell)
		results = append(results, result)
	}
	return results
}

func (r *runner) cell(ctx context.Context, row Row, cell Cell) (status int, why []string, state State) {
	got, err := r.ask(ctx, row, r.table.Callers[cell.Caller])
	if reason, ok := errors.AsType[untried](err); ok {
		return 0, []string{string(reason)}, NotTested
	}
	if err != nil {
		return 0, []string{err.Error()}, Failed
	}
	why = r.table.Answers[cell.Answer].faults(got, r.blanks(row))
	if len(why) > 0 {
		return got.status, why, Failed
	}
	return got.status, nil, Passed
}

// coverage compares what a service registers with what the table has.
func (r *runner) coverage(service string) []Result {
	result := Result{Service: service, Request: "routes", Want: "in the table"}
	registered, known := r.target.Routes[service]
	if !known {
		result.Caller, result.State, result.Why = "all", NotTested, []string{"ROUTES_FILE does not list the routes of " + service}
		return []Result{result}
	}
	listed := r.table.Routes(service)
	var results []Result
	for _, route := range registered {
		result.Caller, result.State, result.Why = route, Passed, nil
		if !slices.Contains(listed, route) {
			result.State, result.Why = Failed, []string{"it is registered and roles.yaml has no row for it"}
		}
		results = append(results, result)
	}
	for _, route := range listed {
		if !slices.Contains(registered, route) {
			result.Caller, result.State, result.Why = route, Failed, []string{"roles.yaml has it and it is not registered"}
			results = append(results, result)
		}
	}
	return results
}

// safe reports whether a method promises to change nothing (RFC 9110 §9.2.1).
func safe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, strings.ToUpper(method))
}
