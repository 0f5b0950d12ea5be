package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/server"
)

// patience is what a slow client is granted, at the most (slowloris).
const patience = 15 * time.Second

// slow is a client that does the least to stay connected, and reports when it was cut off.
func slow(addr, opening, drip string) (cut bool, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, opening); err != nil {
		return false, err
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(ended)
	}()
	give := time.After(patience)
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return true, nil
		case <-give:
			_ = conn.Close()
			<-ended
			return false, nil
		case <-tick.C:
			_, _ = io.WriteString(conn, drip) // its error shows at the other end too
		}
	}
}

// 200 slow clients of every kind are cut off in time, while another is served as ever.
func TestRun_cutsSlowSenders(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, engine(t, io.Discard, nil))
	head := "POST /body HTTP/1.1\r\nHost: x\r\n"
	kinds := map[string][2]string{
		"header":         {"GET /items/1 HTTP/1.1\r\nX-Drip: ", "x"},
		"header fields":  {"GET /items/1 HTTP/1.1\r\n", "X: y\r\n"},
		"body":           {head + "Content-Length: 1000\r\n\r\n", "x"},
		"chunks":         {head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
		"one long chunk": {head + "Transfer-Encoding: chunked\r\n\r\n3ff\r\n", "x"},
		"body of a GET":  {"GET /items/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "x"},
		"no body at all": {head + "Content-Length: 1000\r\n\r\n", ""},
		"waits to send":  {head + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n", ""},
	}
	var all sync.WaitGroup
	var cut atomic.Int64
	for kind, text := range kinds {
		for range 200 / len(kinds) {
			all.Go(func() {
				ok, err := slow(addr, text[0], text[1])
				if err != nil || !ok {
					t.Errorf("%s: %v, still there after %s", kind, err, patience)
					return
				}
				cut.Add(1)
			})
		}
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	served := 0
	for waiting := true; waiting; served++ {
		if res, body := raw(t, addr, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nfast"); res.StatusCode != http.StatusOK || body != "4" {
			t.Fatalf("the normal client's request %d: %d %q", served, res.StatusCode, body)
		}
		select {
		case <-done:
			waiting = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Logf("%d slow clients cut off, %d requests served meanwhile", cut.Load(), served)
}

// A client that takes nothing of its answer is cut off too, though its window was never closed for long enough to be an error of TCP.
func TestRun_cutsSlowReaders(t *testing.T) {
	t.Parallel()
	const readers = 20
	r := engine(t, io.Discard, nil)
	cut := make(chan struct{}, readers)
	r.GET("/endless", func(c *gin.Context) {
		for block := make([]byte, 64<<10); ; {
			if _, err := c.Writer.Write(block); err != nil {
				cut <- struct{}{}
				return
			}
		}
	})
	addr, _ := serve(t, r)
	give := time.After(patience + 5*time.Second) // the first of it fits into the buffers of both ends
	for range readers {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	for n := range readers {
		select {
		case <-cut:
		case <-give:
			t.Fatalf("%d of %d readers were cut off", n, readers)
		}
	}
}

// A client that is slow but keeps coming is served: a second's worth every half second.
func TestRun_servesTheUnhurried(t *testing.T) {
	t.Parallel()
	r := engine(t, io.Discard, nil)
	addr, _ := serve(t, r)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const pieces, size = 14, 60
	_, _ = fmt.Fprintf(conn, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", pieces*size)
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for range pieces {
		<-tick.C
		if _, err := io.WriteString(conn, strings.Repeat("x", size)); err != nil {
			t.Fatal(err)
		}
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("= %v, %v", res, err)
	}
	_ = res.Body.Close()
}

// A body that has come does not cut short the work on it: the deadline of its arrival is no deadline of the answer.
func TestRun_worksLongerThanABodyMayTake(t *testing.T) {
	t.Parallel()
	r := engine(t, io.Discard, nil)
	r.POST("/work", func(c *gin.Context) {
		_, _ = io.Copy(io.Discard, c.Request.Body)
		select {
		case <-time.After(6 * time.Second): // the grace of a body, and a second
			c.String(http.StatusOK, "done")
		case <-c.Request.Context().Done():
		}
	})
	addr, _ := serve(t, r)
	if res, body := raw(t, addr, "POST /work HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwork"); res.StatusCode != http.StatusOK || body != "done" {
		t.Errorf("= %d %q", res.StatusCode, body)
	}
}

// A stop waits as long as it was told, and no longer.
func TestApp_stopTimeout(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	r := engine(t, io.Discard, nil)
	r.GET("/hangs", func(*gin.Context) { close(entered); <-release })
	free, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free[0].Addr().String()
	_ = free[0].Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	app := server.App{Log: slog.New(slog.DiscardHandler), Handler: r, Addr: []string{addr}, StopTimeout: 100 * time.Millisecond}
	go func() { done <- app.Run(ctx, nil, io.Discard) }()
	for conn := net.Conn(nil); conn == nil; {
		if conn, err = net.Dial("tcp", addr); err == nil {
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, "GET /hangs HTTP/1.1\r\nHost: x\r\n\r\n")
		}
	}
	<-entered
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	case <-time.After(8 * time.Second): // the default is ten
		t.Error("it waits for longer than it was told")
	}
}
