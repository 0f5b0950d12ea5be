package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"storefront/e2e/internal/stack"
)

// flooded is a stack whose gateway also tells its metrics.
type flooded struct {
	*stack.Stack
	admin string
	pid   int
}

func floodable(t testing.TB) *flooded {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := l.Addr().String()
	_ = l.Close()
	s, _ := ownStack(t, use(t).bin(), map[string]map[string]string{stack.Gateway: {"ADMIN_ADDR": admin, "LOG_LEVEL": "error"}})
	return &flooded{s, "http://" + admin, s.PIDs()[stack.Gateway]}
}

// resident is the memory of the gateway in bytes (VmRSS).
func (f *flooded) resident(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(f.pid), "status"))
	if err != nil {
		t.Skip("this machine has no /proc: ", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("VmRSS is not in /proc/PID/status")
	return 0
}

// descriptors is how many files and connections the gateway holds.
func (f *flooded) descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(f.pid), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// series is how many time series of our own the gateway's metrics have.
func (f *flooded) series(t testing.TB) map[string]bool {
	t.Helper()
	res, err := http.Get(f.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	found := map[string]bool{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if name, _, ok := strings.Cut(lines.Text(), "} "); ok && !strings.HasPrefix(name, "#") {
			found[name] = true
		}
	}
	if len(found) == 0 {
		t.Fatal("there are no metrics")
	}
	return found
}

// pour sends n requests over a few connections and gives how many failed or were answered 500.
func (f *flooded) pour(t testing.TB, n int, request func(int) (path string, header http.Header)) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	defer transport.CloseIdleConnections()
	var wg sync.WaitGroup
	faults := make(chan string, n)
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < n; i += 8 {
				path, header := request(i)
				if fault := f.drop(t.Context(), transport, path, header); fault != "" {
					faults <- fault
				}
			}
		})
	}
	wg.Wait()
	close(faults)
	for fault := range faults {
		t.Errorf("one of %d: %s", n, fault)
		break
	}
}

// drop is one drop of the flood.
func (f *flooded) drop(ctx context.Context, transport http.RoundTripper, path string, header http.Header) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL(stack.Gateway)+path, http.NoBody)
	if err != nil {
		return err.Error()
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode >= http.StatusInternalServerError {
		return fmt.Sprintf("GET %s is answered %d", path, res.StatusCode)
	}
	return ""
}

// drops are what a flood is made of; each is another every time.
var drops = []struct {
	name string
	n    int
	of   func(i int) (string, http.Header)
}{
	{"paths", 10000, func(i int) (string, http.Header) { return fmt.Sprintf("/nowhere-%d/x%d", i, i*7), nil }},
	{"queries", 10000, func(i int) (string, http.Header) { return fmt.Sprintf("/healthz?q%d=%d", i, i), nil }},
	{"logins", 10000, func(i int) (string, http.Header) { return fmt.Sprintf("/login?return_to=/products/%d", i+1), nil }},
	{"tokens", 2000, func(i int) (string, http.Header) {
		return "/me", http.Header{"Authorization": {fmt.Sprintf("Bearer %d.x.y", i)}}
	}},
	{"cookies", 2000, func(i int) (string, http.Header) {
		return "/me", http.Header{"Cookie": {fmt.Sprintf("fa.gw.sid=%d", i)}}
	}},
	{"request ids and agents", 2000, func(i int) (string, http.Header) {
		return "/healthz", http.Header{"X-Request-Id": {fmt.Sprintf("flooding-%d", i)}, "User-Agent": {fmt.Sprint("agent ", i)}}
	}},
	{"callbacks", 2000, func(i int) (string, http.Header) { return fmt.Sprintf("/oauth-redirect?state=%d&code=%d", i, i), nil }},
}

// Whatever strangers make up costs the gateway nothing that stays (OWASP API4:2023): 38,000 of them leave no memory, no series and no
// descriptors behind.
func TestFlood_leavesNothingBehind(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: sends 38,000 requests")
	}
	const warm, growth = 200, 32 << 20
	f := floodable(t)
	for _, d := range drops { // what is made once, for any request, is there before we count
		f.pour(t, warm, d.of)
	}
	memory, files, series := f.resident(t), f.descriptors(t), f.series(t)
	for _, d := range drops {
		f.pour(t, d.n, func(i int) (string, http.Header) { return d.of(warm + i) })
		for name := range f.series(t) {
			if !series[name] {
				t.Errorf("%d %s make the series %s", d.n, d.name, name)
				break
			}
		}
	}
	await(t, func() bool { return f.descriptors(t) <= files+8 }) // connections end in their own time
	if grown := f.resident(t) - memory; grown > growth {
		t.Errorf("the gateway has grown by %d MB", grown>>20)
	} else {
		t.Logf("the gateway has grown by %d KB", grown>>10)
	}
}

// A hundred megabytes that nobody asked for do not pass through the gateway's memory, and a head of a megabyte is refused.
func TestFlood_ofBytesIsNotSwallowed(t *testing.T) {
	t.Parallel()
	f := floodable(t)
	memory := f.resident(t)
	for _, method := range []string{"GET /products", "POST /products", "POST /webhooks/fusionauth", "POST /logout"} {
		head := strings.NewReader(method + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n")
		status, sent := speak(t, dial(t, f.Stack, stack.Gateway), io.MultiReader(head, io.LimitReader(endless{}, bodySize)))
		if status < 400 || status >= 500 || sent > swallowed {
			t.Errorf("%s with 100 MB: answered %d after %d MB", method, status, sent>>20)
		}
	}
	for range 20 {
		request := "GET /products HTTP/1.1\r\nHost: localhost\r\nX-Big: " + strings.Repeat("a", 1<<20) + "\r\n\r\n"
		if status, _ := speak(t, dial(t, f.Stack, stack.Gateway), strings.NewReader(request)); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a header of 1 MB is answered %d, want 431", status)
		}
	}
	if grown := f.resident(t) - memory; grown > 48<<20 {
		t.Errorf("the gateway has grown by %d MB", grown>>20)
	}
}

// slowClients is how many drip, and slowest how long they may (ReadHeaderTimeout is 5 s).
const slowClients, slowest = 200, 15 * time.Second

// Slowloris: clients that never finish their head are cut, and nobody else notices.
func TestFlood_ofSlowClientsIsCut(t *testing.T) {
	t.Parallel()
	f := floodable(t)
	var wg sync.WaitGroup
	alive := make(chan struct{}, slowClients)
	for range slowClients {
		conn := dial(t, f.Stack, stack.Gateway)
		wg.Go(func() {
			if drip(conn) {
				alive <- struct{}{}
			}
		})
	}
	client := &http.Client{Timeout: 5 * time.Second}
	cut := make(chan struct{})
	go func() { wg.Wait(); close(cut) }()
	for served := 0; ; served++ {
		select {
		case <-cut:
			if n := len(alive); n > 0 || served == 0 {
				t.Errorf("%d of %d slow clients were not cut; %d normal requests were served", n, slowClients, served)
			}
			return
		default:
		}
		res, err := client.Get(f.URL(stack.Gateway) + "/healthz")
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("a normal client among them: %v", err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

// drip begins a request and sends a byte of it now and then. It reports whether that is still taken when that has ended.
func drip(conn net.Conn) bool {
	_ = conn.SetDeadline(time.Now().Add(slowest))
	go func() {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
		for tick := time.NewTicker(time.Second); ; <-tick.C {
			if _, err := conn.Write([]byte("x")); err != nil {
				tick.Stop()
				return
			}
		}
	}()
	_, err := io.Copy(io.Discard, conn) // ends when the gateway closes
	return errors.Is(err, os.ErrDeadlineExceeded)
}
