package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/goleak"

	"storefront/shared/problem"
	"storefront/shared/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a log that tests can read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// engine has one route of each sort: /items/:id echoes, /panic and /cut break, POST /body reads.
func engine(t testing.TB, log io.Writer, ready func() error) *gin.Engine {
	t.Helper()
	r, err := server.New(server.Config{Log: server.NewLogger(log, "info", "json"), Ready: ready, BodyLimit: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	server.Get(r, "/items/:id", func(c *gin.Context) {
		if id, ok := server.ID(c); ok {
			c.Set(gin.AuthUserKey, "user-1")
			c.String(http.StatusOK, "item %d of %s", id, c.ClientIP())
		}
	})
	server.Get(r, "/panic", func(*gin.Context) { panic("the wheels came off") })
	server.Get(r, "/cut", func(c *gin.Context) { c.String(http.StatusOK, "half"); panic("after the status") })
	r.POST("/body", func(c *gin.Context) {
		body, err := io.ReadAll(c.Request.Body)
		if err != nil {
			problem.Respond(c, http.StatusRequestEntityTooLarge, "too large", err)
			return
		}
		c.String(http.StatusOK, "%d", len(body))
	})
	return r
}

// serve runs h as the services do and gives its address and a function that stops it and returns its error.
func serve(t testing.TB, h http.Handler) (addr string, stop func() error) {
	t.Helper()
	listeners, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, slog.New(slog.DiscardHandler), h, listeners...) }()
	var once sync.Once
	stop = func() (err error) {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return listeners[0].Addr().String(), stop
}

// raw sends bytes as they are and gives the answer's status, header and body.
func raw(t testing.TB, addr, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	return res, string(body)
}

func TestGate(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	tests := []struct {
		target string
		want   int
	}{
		{"/items/7", 200},
		{"/items/7?a=%2e%2e/;\\", 200},
		{"/items/7/", 404},
		{"/ITEMS/7", 404},
		{"/items/../items/7", 400},
		{"/items/./7", 400},
		{"/items/7/..", 400},
		{"/items/%37", 400},
		{"/items%2f7", 400},
		{"/%2e%2e/items/7", 400},
		{"/items/7;a=b", 400},
		{`/items\7`, 400},
		{"//items/7", 400},
		{"/items//7", 400},
		{"/items/7#x", 400},
		{"/items/\xc3\xa4", 400},
		{"/items/7?q=\xc3\xa4", 400},
		{"http://example.com/items/7", 400},
		{"http:http://example.com/items/7", 400},
		{"*", 400},
		{"items/7", 400},
		{"/items/" + strings.Repeat("7", 3<<10), 414},
	}
	for _, tt := range tests {
		t.Run(tt.target, func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{"GET", "OPTIONS"} {
				want := tt.want
				if method == "OPTIONS" && want == 200 {
					want = 405
				}
				res, body := raw(t, addr, method+" "+tt.target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				if res.StatusCode != want {
					t.Errorf("%s %.80q = %d %s, want %d", method, tt.target, res.StatusCode, body, want)
				}
			}
		})
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	h := engine(t, io.Discard, nil)
	for text, want := range map[string]int{
		"1": 200, "9223372036854775807": 200,
		"0": 400, "-1": 400, "+1": 400, "01": 400, "1.0": 400, "1e3": 400, "0x1": 400, "9223372036854775808": 400, "abc": 400, "1,2": 400, "1_0": 400,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/items/"+text, nil))
		if w.Code != want {
			t.Errorf("GET /items/%s = %d, want %d", text, w.Code, want)
		}
	}
}

func TestProblems_haveOneForm(t *testing.T) {
	t.Parallel()
	h := engine(t, io.Discard, func() error { return errors.New("secret reason") })
	for target, want := range map[string]problem.Document{
		"GET /items/x":  {Status: 400, Title: "Bad Request", Message: "BAD_REQUEST"},
		"GET /nowhere":  {Status: 404, Title: "Not Found", Message: "NOT_FOUND"},
		"PUT /items/1":  {Status: 405, Title: "Method Not Allowed", Message: "METHOD_NOT_ALLOWED"},
		"GET /panic":    {Status: 500, Title: "Internal Server Error", Message: "INTERNAL_SERVER_ERROR"},
		"GET /readyz":   {Status: 503, Title: "Service Unavailable", Message: "SERVICE_UNAVAILABLE"},
		"BREW /nowhere": {Status: 404, Title: "Not Found", Message: "NOT_FOUND"},
	} {
		method, path, _ := strings.Cut(target, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		var got problem.Document
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: header %v, want nosniff", target, w.Header())
		}
		if got.Instance == "" || got.Instance != w.Header().Get("X-Request-Id") {
			t.Errorf("%s: instance %q, request id %q; want the same", target, got.Instance, w.Header().Get("X-Request-Id"))
		}
		want.Type, want.Detail, want.Instance = "about:blank", got.Detail, got.Instance
		want.Code = strings.ReplaceAll(strings.ToLower(want.Title), " ", "-")
		if got != want || w.Code != want.Status || w.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s = %d %s %+v, want %+v", target, w.Code, w.Header().Get("Content-Type"), got, want)
		}
		if strings.Contains(w.Body.String(), "wheels") || strings.Contains(w.Body.String(), "secret reason") {
			t.Errorf("%s shows its cause: %s", target, w.Body)
		}
	}
}

func TestMethodNotAllowed_namesTheMethods(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	engine(t, io.Discard, nil).ServeHTTP(w, httptest.NewRequest("PUT", "/items/1", nil))
	if allow := w.Header().Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "HEAD") {
		t.Errorf("Allow = %q, want GET and HEAD", allow)
	}
}

func TestHead_answersLikeGetWithoutBody(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	res, err := http.Head("http://" + addr + "/items/7")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 200 || len(body) != 0 {
		t.Errorf("HEAD = %d with %d bytes, want 200 with none", res.StatusCode, len(body))
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	h := engine(t, io.Discard, nil)
	for id, kept := range map[string]bool{
		"abc-DEF_123": true, "short": false, strings.Repeat("x", 65): false, "with space": false, "new\nline12": false, `quo"te12345`: false,
	} {
		req := httptest.NewRequest("GET", "/items/1", nil)
		req.Header["X-Request-Id"] = []string{id}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		got := w.Header().Get("X-Request-Id")
		if (got == id) != kept || got == "" {
			t.Errorf("request id %q became %q, want kept: %v", id, got, kept)
		}
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	var log lines
	h := engine(t, &log, nil)
	for _, target := range []string{"/items/7?code=s3cret", "/healthz", "/panic", "/nowhere/s3cret"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	got := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(got) != 3 {
		t.Fatalf("%d lines, want one per request and none for /healthz:\n%s", len(got), log.String())
	}
	for i, want := range []string{
		`"level":"INFO","msg":"request"`, `"level":"ERROR","msg":"request"`, `"status":404`,
	} {
		if !strings.Contains(got[i], want) {
			t.Errorf("line %d = %s, want %s", i, got[i], want)
		}
	}
	for _, want := range []string{`"method":"GET"`, `"route":"/items/:id"`, `"status":200`, `"duration_ms":`, `"subject":"user-1"`, `"request_id":"`} {
		if !strings.Contains(got[0], want) {
			t.Errorf("line = %s, want %s", got[0], want)
		}
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log shows a path or query: %s", log.String())
	}
	if !strings.Contains(got[1], "the wheels came off") {
		t.Errorf("line = %s, want the panic", got[1])
	}
}

func TestClientIP_believesNobodyByDefault(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest("GET", "/items/1", nil)
	req.RemoteAddr = "192.0.2.1:1234"
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Cf-Connecting-Ip"} {
		req.Header.Set(name, "198.51.100.7")
	}
	w := httptest.NewRecorder()
	engine(t, io.Discard, nil).ServeHTTP(w, req)
	if got := w.Body.String(); got != "item 1 of 192.0.2.1" {
		t.Errorf("client address: %s, want the peer's", got)
	}
}

func TestTransferEncoding_closesTheConnection(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	for name, head := range map[string]string{
		"chunked":             "Transfer-Encoding: chunked\r\n",
		"chunked with length": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
	} {
		res, _ := raw(t, addr, "POST /body HTTP/1.1\r\nHost: x\r\n"+head+"\r\n0\r\n\r\n")
		if !res.Close {
			t.Errorf("%s: %d keeps the connection open", name, res.StatusCode)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	for name, tt := range map[string]struct {
		request string
		want    int
	}{
		"fits":              {"Content-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024), 200},
		"says it is larger": {"Content-Length: 104857600\r\n\r\n", 413},
		"grows larger":      {"Transfer-Encoding: chunked\r\n\r\n500\r\n" + strings.Repeat("x", 0x500) + "\r\n0\r\n\r\n", 413},
	} {
		if res, body := raw(t, addr, "POST /body HTTP/1.1\r\nHost: x\r\n"+tt.request); res.StatusCode != tt.want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, body, tt.want)
		}
	}
}

// A client that waits for leave to send its body, or never sends it, gets its answer (RFC 9110 §10.1.1). The wrapped body of a
// declared length once kept it waiting.
func TestBody_declaredAndNotSent(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	for name, tt := range map[string]struct {
		request string
		want    int
	}{
		"waits for leave": {"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n", 404},
		"never sends it":  {"GET /items/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", 413},
	} {
		if res, body := raw(t, addr, tt.request); res.StatusCode != tt.want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, body, tt.want)
		}
	}
}

// An answer that is cut off is no success in the log.
func TestAccessLog_cutAnswers(t *testing.T) {
	t.Parallel()
	var log lines
	r := engine(t, &log, nil)
	cut := func(ctx context.Context) {
		req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/break", nil)
		defer func() {
			if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // a panic's value
				t.Errorf("recovered %v, want the connection to be cut", p)
			}
		}()
		r.ServeHTTP(httptest.NewRecorder(), req)
	}
	r.GET("/break", func(c *gin.Context) {
		c.Writer.WriteHeaderNow()
		server.Cut(c, errors.New("service broke off"))
	})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	cut(t.Context())
	cut(gone)
	got := strings.Split(strings.TrimSpace(log.String()), "\n")
	for i, want := range []string{`"level":"ERROR","msg":"request"`, `"status":499`} {
		if !strings.Contains(got[i], want) || strings.Contains(got[i], `"status":200`) {
			t.Errorf("line %d = %s, want %s", i, got[i], want)
		}
	}
}

// A client that never reads its answers does not keep the process alive.
func TestRun_stopsInSpiteOfASlowReader(t *testing.T) {
	t.Parallel()
	r := engine(t, io.Discard, nil)
	entered := make(chan struct{}, 1)
	r.GET("/endless", func(c *gin.Context) {
		entered <- struct{}{}
		for block := make([]byte, 1<<20); ; {
			if _, err := c.Writer.Write(block); err != nil {
				return
			}
		}
	})
	addr, stop := serve(t, r)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
	<-entered
	if err := stop(); err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	for size, want := range map[int]int{4 << 10: 200, 12 << 10: 200, 17 << 10: 431, 30 << 10: 431, 40 << 10: 431} {
		res, body := raw(t, addr, "GET /items/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Big: "+strings.Repeat("x", size)+"\r\n\r\n")
		if res.StatusCode != want {
			t.Errorf("header of %d bytes: %d, want %d", size, res.StatusCode, want)
		}
		// Just above the limit it is a problem like all others; net/http cuts off what is far above it.
		if told := strings.Contains(body, `"code":"request-header-fields-too-large"`); told != (want == 431 && size < 32<<10) {
			t.Errorf("header of %d bytes: %s", size, body)
		}
	}
}

// What is refused before anything is routed has its page for people too, where the site has pages.
func TestPages_ofWhatTheGateRefuses(t *testing.T) {
	t.Parallel()
	r, err := server.New(server.Config{Log: server.NewLogger(io.Discard, "error", "json"), Pages: func(c *gin.Context, d problem.Document) bool {
		if c.GetHeader("Accept") == "text/html" {
			c.String(d.Status, "a page for %s, request %s", d.Code, d.Instance)
		}
		return c.GetHeader("Accept") == "text/html"
	}})
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := serve(t, r)
	for code, request := range map[string]string{
		"request-uri-too-long":            "GET /?q=" + strings.Repeat("x", 3<<10) + " HTTP/1.1\r\nHost: x\r\n",
		"request-header-fields-too-large": "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", 20<<10) + "\r\n",
		"bad-request":                     "GET //x HTTP/1.1\r\nHost: x\r\n",
		"not-found":                       "GET /x HTTP/1.1\r\nHost: x\r\n",
		"request-entity-too-large":        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n",
	} {
		if _, body := raw(t, addr, request+"Accept: text/html\r\n\r\n"); !strings.HasPrefix(body, "a page for "+code+", request ") || strings.HasSuffix(body, " ") {
			t.Errorf("%s for a person: %s", code, body)
		}
		if _, body := raw(t, addr, request+"Accept: application/json\r\n\r\n"); !strings.Contains(body, `"code":"`+code+`"`) {
			t.Errorf("%s for a program: %s", code, body)
		}
	}
}

func TestPanicAfterTheStatus_cutsTheConnection(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		if body, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("a broken answer looks whole: %q", body)
		}
		_ = res.Body.Close()
	}
}

func TestRun_stopsPolitely(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	r := engine(t, io.Discard, nil)
	r.GET("/slow", func(c *gin.Context) {
		close(entered)
		<-release
		c.String(http.StatusOK, "finished")
	})
	addr, stop := serve(t, r)
	kept, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = kept.Close() }()
	fromKept := bufio.NewReader(kept)
	ask := func(path string) *http.Response {
		_, _ = io.WriteString(kept, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(fromKept, nil)
		if err != nil {
			t.Fatalf("kept-alive client: %v", err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res
	}
	if res := ask("/readyz"); res.Close || res.StatusCode != 200 {
		t.Fatalf("before the stop: %d, close %v", res.StatusCode, res.Close)
	}

	inFlight := make(chan string, 1)
	go func() {
		_, body := raw(t, addr, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
		inFlight <- body
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()

	for {
		res := ask("/readyz")
		if res.StatusCode == http.StatusServiceUnavailable {
			if !res.Close {
				t.Error("not ready, and the connection stays open")
			}
			break
		}
	}
	close(release)
	if got := <-inFlight; got != "finished" {
		t.Errorf("request in flight: %q, want its answer", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestListen_namesTheAddress(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, err = server.Listen("127.0.0.1:0", taken.Addr().String())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("Listen = %v, want an error that names %s", err, taken.Addr())
	}
}

func TestApp_printsRoutesAndChecksHealth(t *testing.T) {
	t.Parallel()
	r := engine(t, io.Discard, nil)
	app := server.App{Log: slog.New(slog.DiscardHandler), Handler: r}
	var routes strings.Builder
	if err := app.Run(t.Context(), []string{"routes"}, &routes); err != nil {
		t.Fatal(err)
	}
	want := "POST /body\nGET /cut\nGET /healthz\nGET /items/:id\nGET /panic\nGET /readyz\n"
	if routes.String() != want {
		t.Errorf("routes = %q, want %q", routes.String(), want)
	}

	addr, stop := serve(t, r)
	app.Addr = []string{addr}
	if err := app.Run(t.Context(), []string{"healthcheck"}, io.Discard); err != nil {
		t.Errorf("healthcheck of a running service = %v", err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := app.Run(t.Context(), []string{"healthcheck"}, io.Discard); err == nil {
		t.Error("healthcheck of a stopped service = nil")
	}
	if err := app.Run(t.Context(), []string{"serv"}, io.Discard); err == nil || !strings.Contains(err.Error(), "serv") {
		t.Errorf("unknown argument = %v, want an error that names it", err)
	}
}

func TestAdmin_servesMetricsWithoutClientsNames(t *testing.T) {
	t.Parallel()
	r := engine(t, io.Discard, nil)
	for i := range 50 {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(fmt.Sprintf("ODD%d", i), fmt.Sprintf("/odd/%d", i), nil))
	}
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/items/424242", nil))
	ctx, cancel := context.WithCancel(t.Context())
	free, err := server.Listen("127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	app := server.App{Log: slog.New(slog.DiscardHandler), Handler: r, Addr: []string{free[0].Addr().String()}, AdminAddr: free[1].Addr().String()}
	for _, l := range free {
		_ = l.Close()
	}
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx, nil, io.Discard) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var text string
	for deadline := time.Now().Add(10 * time.Second); text == "" && time.Now().Before(deadline); {
		if res, err := client.Get("http://" + app.AdminAddr + "/metrics"); err == nil {
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			text = string(body)
		}
	}
	if !strings.Contains(text, `route="/items/:id"`) || strings.Contains(text, "424242") || strings.Contains(text, "ODD") {
		t.Errorf("metrics = %.2000s; want templates and known methods alone", text)
	}
}

// What serves is opened before and closed after; a command has only its own arguments, and nothing is opened for it.
func TestApp_opensToServeAlone(t *testing.T) {
	t.Parallel()
	var did []string
	note := func(what string, err error) error { did = append(did, what); return err }
	broken := errors.New("no database")
	app := server.App{
		Log: slog.New(slog.DiscardHandler), Addr: []string{"127.0.0.1:0"}, Handler: engine(t, io.Discard, nil),
		Open:  func(context.Context) error { return note("open", broken) },
		Close: func() error { return note("close", nil) },
		Commands: map[string]func(context.Context, []string, io.Writer) error{
			"backup": func(_ context.Context, args []string, _ io.Writer) error { return note(strings.Join(args, " "), nil) },
		},
	}
	if err := app.Run(t.Context(), nil, io.Discard); !errors.Is(err, broken) {
		t.Errorf("serving without a database = %v, want its error", err)
	}
	if err := app.Run(t.Context(), []string{"backup", "to a", "file"}, io.Discard); err != nil {
		t.Errorf("backup = %v", err)
	}
	if err := app.Run(t.Context(), []string{"bakcup"}, io.Discard); err == nil || !strings.Contains(err.Error(), "one of backup, routes, healthcheck") {
		t.Errorf("unknown command = %v, want the known ones", err)
	}
	if got := strings.Join(did, ", "); got != "open, close, to a file, close, close" {
		t.Errorf("did %s", got)
	}
}
