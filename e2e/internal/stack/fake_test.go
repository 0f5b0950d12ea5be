package stack_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"storefront/e2e/internal/stack"
)

// The stack starts whatever binaries it finds under the services' names: here copies of this test, which then play a service. What
// they do is said by FAKE.
func TestMain(m *testing.M) {
	if how, ok := os.LookupEnv("FAKE"); ok {
		os.Exit(fake(how))
	}
	goleak.VerifyTestMain(m)
}

func fake(how string) int {
	if len(os.Args) > 1 {
		fmt.Printf("GET /%s\nPOST /other\n\n", os.Args[1])
		return 0
	}
	if how == "dies at start" {
		for i := range 40 {
			fmt.Println("line", i)
		}
		fmt.Fprint(os.Stderr, "settings cannot be used")
		return 3
	}
	failed := make(chan int, 1)
	handler := fakeService(failed)
	for addr := range strings.SplitSeq(environ("ADDR"), ",") {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		go func() { _ = http.Serve(l, handler) }()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case code := <-failed:
		return code
	case sig := <-stop:
		fmt.Println("stopped by", sig)
		return 0
	}
}

func fakeService(failed chan<- int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": environ("FUSIONAUTH_ISSUER")})
	})
	mux.HandleFunc("GET /environment", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(os.Environ()) })
	mux.HandleFunc("POST /print", func(_ http.ResponseWriter, r *http.Request) { fmt.Print(r.URL.Query().Get("text")) })
	mux.HandleFunc("POST /die", func(http.ResponseWriter, *http.Request) {
		fmt.Println("something is wrong")
		failed <- 4
	})
	return mux
}

func environ(name string) string {
	value, _ := os.LookupEnv(name)
	return value
}

// fakes is a directory with a fake for every service.
func fakes(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{stack.Identity, stack.Catalog, stack.Inventory, stack.Gateway} {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// fakeConfig is a stack of fakes on free ports. The services in how play other parts than serving.
func fakeConfig(t testing.TB, how map[string]string) stack.Config {
	t.Helper()
	base, err := stack.FreeBase()
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := stack.OpenSecrets(filepath.Join(t.TempDir(), "secrets"), nil)
	if err != nil {
		t.Fatal(err)
	}
	override := map[string]map[string]string{}
	for _, name := range []string{stack.Identity, stack.Catalog, stack.Inventory, stack.Gateway} {
		override[name] = map[string]string{"FAKE": "serves"}
		if h, ok := how[name]; ok {
			override[name]["FAKE"] = h
		}
	}
	return stack.Config{Bin: fakes(t), Base: base, Secrets: secrets, Override: override}
}
