package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/server"
)

// The bare pair: a front that forwards by httputil.ReverseProxy and a service that answers a kilobyte of JSON, one process, two
// listeners. Pairs differ in nothing but what the front adds and the service checks.

// Answer is about what GET /products of a real shop gives.
var Answer = `{"products":[{"id":1,"text":"` + strings.Repeat("storefront ", 90) + `"}]}`

// ServePair runs the pair of a way until ctx ends, and first writes its address and, for a relayed user, a token, as JSON.
func ServePair(ctx context.Context, way string, stdout io.Writer) error {
	credential, check, err := wayOf(way)
	if err != nil {
		return err
	}
	listeners, err := server.Listen("127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	failed := make(chan error, 2)
	go func() { failed <- server.Run(ctx, log, service(check), listeners[0]) }()
	go func() { failed <- server.Run(ctx, log, front(listeners[0].Addr(), credential), listeners[1]) }()
	if err := json.NewEncoder(stdout).Encode("http://" + listeners[1].Addr().String() + "/products"); err != nil {
		return err
	}
	return errors.Join(<-failed, <-failed)
}

// wayOf gives what the front adds to a request and what the service does before it answers.
func wayOf(way string) (credential func(*http.Request) error, check gin.HandlerFunc, err error) {
	switch way {
	case "none":
		return func(*http.Request) error { return nil }, func(*gin.Context) {}, nil
	case "api-key":
		key := rand.Text()
		want := sha256.Sum256([]byte(key))
		return func(r *http.Request) error { r.Header.Set("X-Api-Key", key); return nil }, func(c *gin.Context) {
			if !sameKey(want, c.GetHeader("X-Api-Key")) {
				c.AbortWithStatus(http.StatusUnauthorized)
			}
		}, nil
	}
	keys, err := newKeys(way)
	if err != nil {
		return nil, nil, err
	}
	signer, verifier, err := keys.pair()
	if err != nil {
		return nil, nil, err
	}
	return func(r *http.Request) error {
		token, err := signer.Sign(audience, auth.Target{Method: r.Method, URI: r.URL.RequestURI()})
		r.Header.Set("Authorization", "Bearer "+token)
		return err
	}, auth.Authenticate(verifier, auth.GatewayToken, ""), nil
}

func service(check gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/products", check, func(c *gin.Context) {
		c.Data(http.StatusOK, "application/json", []byte(Answer))
	})
	return r
}

func front(to net.Addr, credential func(*http.Request) error) http.Handler {
	base := &url.URL{Scheme: "http", Host: to.String()}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(base)
			if err := credential(r.Out); err != nil {
				panic(err) // the benchmark's own key cannot fail
			}
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 512, DisableCompression: true},
	}
}

// StartPairs starts a process for each way, from this program's own binary, and returns its cases and what stops them all.
func StartPairs(ctx context.Context, command ...string) (cases []Case, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var running []*exec.Cmd
	stop = func() {
		cancel()
		for _, cmd := range running {
			_ = cmd.Wait()
		}
	}
	self, err := os.Executable()
	for _, way := range Ways {
		var cmd *exec.Cmd
		var address string
		if err == nil {
			cmd, address, err = startPair(ctx, self, append(command, way))
		}
		if err != nil {
			stop()
			return nil, nil, fmt.Errorf("start the pair of %s: %w", way, err)
		}
		running = append(running, cmd)
		cases = append(cases, Case{Group: "bare pair", Name: way, Base: way == "none", URL: address, PIDs: []int{cmd.Process.Pid}})
	}
	return cases, stop, nil
}

func startPair(ctx context.Context, self string, args []string) (*exec.Cmd, string, error) {
	cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // this very program
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	var address string
	if err := json.NewDecoder(out).Decode(&address); err != nil {
		return nil, "", fmt.Errorf("read its address: %w", err)
	}
	return cmd, address, nil
}
