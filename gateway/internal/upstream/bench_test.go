package upstream_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/server"
)

// What the processes of the benchmark are told, and how the load is.
const (
	roleVariable = "BENCH_FORWARDER"
	serviceURL   = "BENCH_SERVICE"
	benchClients = 64
	window       = time.Second
)

// BenchmarkForwarders compares the forwarders, each as a process of its own before one service, in windows of a second that take turns,
// so that a machine whose speed drifts does so for all alike. One iteration is one round:
//
//	go test ./internal/upstream -run '^$' -bench Forwarders -benchtime 15x
//
// It reports the median CPU time that a request costs the forwarder's process, and its median ratio to Transport's in the same round.
func BenchmarkForwarders(b *testing.B) {
	service := startProcess(b, "service", "")
	gateways := make([]string, len(forwarders))
	for i, f := range forwarders {
		gateways[i] = startProcess(b, f.name, "http://"+service)
		measure(b, gateways[i], window/4) // warms it up
	}
	costs := make([][]float64, len(forwarders))
	rates := make([][]float64, len(forwarders))
	for b.Loop() {
		for i, addr := range gateways {
			cpu, rate := measure(b, addr, window)
			costs[i], rates[i] = append(costs[i], cpu), append(rates[i], rate)
		}
	}
	b.ReportMetric(0, "ns/op") // a round's length says nothing
	for i, f := range forwarders {
		ratios := make([]float64, len(costs[i]))
		for round := range ratios {
			ratios[round] = costs[i][round] / costs[1][round]
		}
		b.ReportMetric(median(costs[i]), f.name+"-µs-CPU/req")
		b.ReportMetric(median(ratios), f.name+"/Transport")
		b.ReportMetric(median(rates[i]), f.name+"-req/s")
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// startProcess starts this very program in a role, and gives its address.
func startProcess(b *testing.B, role, service string) string {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestBenchmarkProcess$")
	cmd.Env = append(os.Environ(), roleVariable+"="+role, serviceURL+"="+service)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// TestBenchmarkProcess is the main function of the benchmark's other processes.
func TestBenchmarkProcess(t *testing.T) {
	role := os.Getenv(roleVariable) //nolint:forbidigo // how the benchmark tells it
	if role == "" {
		t.Skip("a process of BenchmarkForwarders")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(l.Addr())
	if role == "service" {
		serveFixed(l)
	}
	service, err := url.Parse(os.Getenv(serviceURL)) //nolint:forbidigo // as above
	if err != nil {
		t.Fatal(err)
	}
	r, err := server.New(server.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forwarders {
		if f.name == role {
			server.Get(r, "/products/:id", server.RequireID, f.make(t, service, minting(t)))
		}
	}
	r.GET("/cpu", func(c *gin.Context) { c.String(http.StatusOK, "%d", cpuTime()) })
	r.GET("/debug/profile", gin.WrapF(pprof.Profile))
	_ = server.Run(t.Context(), slog.New(slog.DiscardHandler), r, l)
}

// minting signs as the gateway does with a shared key.
func minting(t testing.TB) func(*gin.Context, auth.Target, bool) (string, error) {
	key, err := auth.HMACSigningKey("bench", []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := auth.NewSigner(auth.SignerConfig{Key: key.Always, Issuer: "localhost:3000"})
	if err != nil {
		t.Fatal(err)
	}
	return func(_ *gin.Context, target auth.Target, _ bool) (string, error) {
		return signer.Sign("catalog", target)
	}
}

// serveFixed answers every request with the same bytes, as cheaply as it goes: it must not be what is measured.
func serveFixed(l net.Listener) {
	body := `{"product":"` + strings.Repeat("x", 1054-14) + `"}`
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nEtag: \"1\"\r\nCache-Control: public, max-age=60\r\nX-Request-Id: abc\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			buf := make([]byte, 8<<10)
			for {
				if _, err := conn.Read(buf); err != nil { // a GET's head comes in one piece here
					return
				}
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}

func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// measure puts the forwarder under load for a while, and gives microseconds of its CPU time per request, and requests per second.
func measure(b *testing.B, addr string, d time.Duration) (cost, rate float64) {
	b.Helper()
	before := cpuOf(b, addr)
	deadline := time.Now().Add(d)
	var all sync.WaitGroup
	counts := make([]int, benchClients)
	for i := range counts {
		all.Go(func() { counts[i] = hammer(b, addr, deadline) })
	}
	all.Wait()
	n := 0
	for _, c := range counts {
		n += c
	}
	return float64(cpuOf(b, addr)-before) / 1000 / float64(n), float64(n) / d.Seconds()
}

func cpuOf(b *testing.B, addr string) int64 {
	b.Helper()
	res, err := http.Get("http://" + addr + "/cpu")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, _ := io.ReadAll(res.Body)
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// hammer asks on one connection until the deadline, and counts the answers.
func hammer(b *testing.B, addr string, deadline time.Time) (n int) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer func() { _ = conn.Close() }()
	request := []byte("GET /products/1 HTTP/1.1\r\nHost: localhost:3000\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n")
	from := bufio.NewReader(conn)
	for time.Now().Before(deadline) {
		if _, err := conn.Write(request); err != nil {
			b.Error(err)
			return n
		}
		if err := skip(from); err != nil {
			b.Error(err)
			return n
		}
		n++
	}
	return n
}

// skip reads an answer of known length.
func skip(from *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && string(line[9:12]) != "200" {
			return fmt.Errorf("answer %q", line)
		}
		if len(line) == 2 {
			break
		}
		if text, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(text))
		}
	}
	_, err := from.Discard(length)
	return err
}
