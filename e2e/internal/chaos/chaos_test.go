package chaos_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"storefront/e2e/internal/chaos"
)

// toxiproxy leaves a writer behind when a slow connection is cut in the middle.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// The names of the faults, and what a client with a patience of half a second sees of each.
var seen = map[string]func(error) bool{
	"latency":   func(err error) bool { return err == nil },
	"reset":     func(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) },
	"half-open": func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
	"slow drip": func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
	"refused":   func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) },
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range chaos.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
			t.Cleanup(s.Close)
			line, addr, err := chaos.OpenLine(strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(line.Close)
			client := &http.Transport{}
			t.Cleanup(client.CloseIdleConnections)
			if err := fetch(t, client, addr, time.Minute); err != nil {
				t.Fatalf("before: %v", err)
			}
			if err := line.Spoil(f); err != nil {
				t.Fatal(err)
			}
			// The connection that stands feels it, and a new one.
			for range 2 {
				if err := fetch(t, client, addr, 1200*time.Millisecond); !seen[f.Name](err) {
					t.Errorf("with %s: %v", f.Name, err)
				}
				client.CloseIdleConnections()
			}
			if err := line.Mend(); err != nil {
				t.Fatal(err)
			}
			if err := fetch(t, client, addr, time.Minute); err != nil {
				t.Errorf("after the mend: %v", err)
			}
		})
	}
}

func fetch(t testing.TB, client *http.Transport, addr string, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.ReadAll(res.Body)
	return err
}

// What was answered before is what must be answered again: a 200 with another body is a lie.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	var mood atomic.Value
	mood.Store("well")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch mood.Load() {
		case "forgetful":
			_, _ = io.WriteString(w, "{}")
		case "dishonest":
			w.WriteHeader(http.StatusUnauthorized)
		case "cutting":
			panic(http.ErrAbortHandler)
		case "silent":
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, r.URL.Path+"</html>")
		}
	}))
	t.Cleanup(s.Close)
	visit := chaos.Visit(t.Context(), s.URL, time.Second)
	without := func(outcomes []chaos.Outcome, names ...string) (left []chaos.Outcome) {
		for i, p := range chaos.Probes() {
			if !slices.Contains(names, p.Name) {
				left = append(left, outcomes[i])
			}
		}
		return left
	}
	for _, tt := range []struct {
		mood string
		want chaos.Outcome
	}{{"well", chaos.OK}, {"forgetful", chaos.Wrong}, {"dishonest", "401"}, {"cutting", chaos.Cut}, {"silent", chaos.NoAnswer}} {
		mood.Store(tt.mood)
		for _, got := range without(visit(), "home", "login") { // of pages for people, no body is known; nobody can sign in here
			if got != tt.want {
				t.Errorf("%s: %s, want %s", tt.mood, got, tt.want)
			}
		}
	}
	s.Close()
	for _, got := range visit() {
		if got != chaos.Refused {
			t.Errorf("away: %s, want refused", got)
		}
	}
}

func TestOutcome_Honest(t *testing.T) {
	t.Parallel()
	for o, want := range map[chaos.Outcome]bool{
		chaos.OK: true, "502": true, "503": true, "504": true, chaos.Cut: true, chaos.Refused: true, chaos.NoAnswer: true,
		chaos.Wrong: false, "401": false, "403": false, "404": false, "500": false, "302": false, "400": false,
	} {
		if o.Honest() != want {
			t.Errorf("%s: honest = %t, want %t", o, o.Honest(), want)
		}
	}
}

// all is an outcome for each of the requests.
func all(o chaos.Outcome) []chaos.Outcome {
	return slices.Repeat([]chaos.Outcome{o}, len(chaos.Probes()))
}

func allSeen(outcomes ...chaos.Outcome) []map[chaos.Outcome]int {
	return slices.Repeat([]map[chaos.Outcome]int{chaos.Seen(outcomes...)}, len(chaos.Probes()))
}

func TestReport_Findings(t *testing.T) {
	t.Parallel()
	report := chaos.Report{
		Lines: []chaos.Row{
			{Where: "a – b", Fault: "reset", Outcomes: all("503"), Back: 1},
			{Where: "a – b", Fault: "latency", Outcomes: append(all(chaos.OK)[1:], "401"), Back: 1},
			{Where: "a – b", Fault: "refused", Outcomes: all("503")},
		},
		Kills: []chaos.Kill{
			{Process: "catalog", Seen: append(allSeen(chaos.OK, "503")[1:], chaos.Seen(chaos.OK, chaos.Wrong)), Back: 1},
			{Process: "inventory", Seen: allSeen(chaos.OK)},
		},
	}
	last := chaos.Probes()[len(chaos.Probes())-1].Name
	want := []string{
		`a – b, latency: ` + last + ` was "401"`, "a – b, refused: not back in time",
		`catalog, kill -9: ` + last + ` was "other"`, "inventory, kill -9: not back in time",
	}
	if diff := cmp.Diff(want, report.Findings()); diff != "" {
		t.Error(diff)
	}
}

// Two runs in which the same held give the same page, whatever ended the requests that were under way; any other answer changes it.
func TestReport_Markdown(t *testing.T) {
	t.Parallel()
	row := func(report chaos.Report) string {
		for line := range strings.Lines(report.Markdown()) {
			if strings.HasPrefix(line, "| catalog | ") {
				return strings.TrimSpace(line)
			}
		}
		return ""
	}
	for _, tt := range []struct {
		name string
		list []chaos.Outcome
		want string
	}{
		{"nothing under way", []chaos.Outcome{chaos.OK, "503"}, "ok, 503 (502, 504)"},
		{"one was cut off", []chaos.Outcome{chaos.OK, "502", "503"}, "ok, 503 (502, 504)"},
		{"it never failed", []chaos.Outcome{chaos.OK}, "ok"},
		{"a fault", []chaos.Outcome{chaos.OK, "500", "503"}, "500, 503, ok"},
	} {
		kill := chaos.Kill{Process: "catalog", Seen: allSeen(chaos.OK), Back: time.Millisecond}
		kill.Seen[0] = chaos.Seen(tt.list...)
		want := "| catalog | " + tt.want + " | " + strings.Repeat("ok | ", len(chaos.Probes())-1) + "yes |"
		if got := row(chaos.Report{Kills: []chaos.Kill{kill}}); got != want {
			t.Errorf("%s:\n%s, want\n%s", tt.name, got, want)
		}
	}
	never := row(chaos.Report{Kills: []chaos.Kill{{Process: "catalog", Seen: allSeen(chaos.OK)}}})
	if !strings.HasSuffix(never, "| no |") {
		t.Errorf("what never came back: %s", never)
	}
	line := chaos.Report{Lines: []chaos.Row{{Where: "a – b", Fault: "reset", Outcomes: all("502"), Back: time.Second}}}.Markdown()
	if want := "| a – b | reset | " + strings.Repeat("502 | ", len(chaos.Probes())) + "yes |"; !strings.Contains(line, want) {
		t.Errorf("the page lacks %s\n%s", want, line)
	}
}
