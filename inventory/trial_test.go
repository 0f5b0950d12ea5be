package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"storefront/inventory/internal/stock"
)

// trial is the program and its clients.
type trial struct {
	program, token string
	environ        []string
	client         http.Client
	cmd            *exec.Cmd

	mu           sync.Mutex
	addr         string
	up           chan struct{} // closed while the program listens at addr
	since        time.Time     // that it does
	acknowledged []stock.Movement
	refused      int // for lack of stock
	cut          int // requests that got no answer
	late         int // those of them that had moved already when they were sent again
}

func newTrial(program, token string, environ ...string) *trial {
	return &trial{
		program: program, token: token, environ: environ, up: make(chan struct{}),
		client: http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}, // each keeps its connection
	}
}

// start returns when the program listens.
func (r *trial) start(t testing.TB) {
	t.Helper()
	r.cmd = exec.CommandContext(t.Context(), r.program) // which ends it with the test
	r.cmd.Env = r.environ
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "listening" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			r.mu.Lock()
			r.addr, r.since = line.Addr, time.Now()
			close(r.up)
			r.mu.Unlock()
			return
		}
	}
	t.Fatalf("the program ended: %v", r.cmd.Wait())
}

// kill is kill -9. Clients wait from now on, once they have noticed.
func (r *trial) kill(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	r.up = make(chan struct{})
	r.mu.Unlock()
	if err := r.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = r.cmd.Wait() // says that it was killed
}

// place is where the program listens, and since when, as soon as it does.
func (r *trial) place() (string, time.Time) {
	r.mu.Lock()
	up := r.up
	r.mu.Unlock()
	<-up
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addr, r.since
}

// insist sends an order until it has an answer, and reports whether it moved.
func (r *trial) insist(t testing.TB, branch int64, o stock.Order, key string) bool {
	for range 100 {
		addr, since := r.place()
		status, m, err := r.post(addr, branch, o, key)
		r.mu.Lock()
		switch {
		case err != nil || status == http.StatusServiceUnavailable:
			r.cut++
		case status == http.StatusConflict:
			r.refused++
		case status == http.StatusCreated:
			r.acknowledged = append(r.acknowledged, m)
			if m.At.Before(since) {
				r.late++
			}
		default:
			t.Errorf("%s: %+v = %d", key, o, status)
		}
		r.mu.Unlock()
		if err == nil && status != http.StatusServiceUnavailable {
			return status == http.StatusCreated
		}
	}
	t.Errorf("%s: no answer", key)
	return false
}

func (r *trial) post(addr string, branch int64, o stock.Order, key string) (status int, m stock.Movement, err error) {
	body, err := json.Marshal(o)
	if err != nil {
		return 0, m, err
	}
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://%s/branches/%d/movements", addr, branch), strings.NewReader(string(body)))
	if err != nil {
		return 0, m, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	status, err = r.do(req, &m)
	return status, m, err
}

func (r *trial) do(req *http.Request, into any) (int, error) {
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := r.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode, json.NewDecoder(res.Body).Decode(into) // an answer that is cut off is none
}

func (r *trial) get(t testing.TB, target string, into any) {
	t.Helper()
	addr, _ := r.place()
	req, err := http.NewRequest(http.MethodGet, "http://"+addr+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := r.do(req, into); status != http.StatusOK || err != nil {
		t.Fatalf("GET %s = %d, %v", target, status, err)
	}
}

// ledger is every line, by its id.
func (r *trial) ledger(t testing.TB) map[int64]stock.Movement {
	t.Helper()
	lines := map[int64]stock.Movement{}
	for next, first := "", true; first || next != ""; first = false {
		var page struct {
			Entries []stock.Entry
			Next    string
		}
		r.get(t, "/audit/movements?limit=100&cursor="+next, &page)
		for _, e := range page.Entries {
			lines[e.ID] = e.Movement
		}
		next = page.Next
	}
	return lines
}
