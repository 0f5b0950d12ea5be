package compose_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/compose"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// The tests of this file run one after another: some of them disturb the shared containers.

// seen is what the engine knows of a running container.
type seen struct {
	ID    string `json:"Id"`
	State struct {
		Pid       int
		StartedAt string
	}
	Config     struct{ Labels map[string]string }
	HostConfig struct {
		ReadonlyRootfs bool
		CapDrop        []string
		SecurityOpt    []string
		Privileged     bool
	}
	NetworkSettings struct {
		Ports    map[string][]struct{ HostIP string }
		Networks map[string]struct{ IPAddress string }
	}
}

func (s seen) service() string { return s.Config.Labels["com.docker.compose.service"] }

// look gives the containers of the project by service.
func (d *demo) look(t testing.TB) map[string]seen {
	t.Helper()
	ids, err := d.project.Output(t.Context(), "ps", "--all", "--quiet")
	if err != nil {
		t.Fatal(err)
	}
	var all []seen
	if err := json.Unmarshal([]byte(docker(t, append([]string{"inspect"}, strings.Fields(ids)...)...)), &all); err != nil {
		t.Fatal(err)
	}
	containers := map[string]seen{}
	for _, c := range all {
		containers[c.service()] = c
	}
	return containers
}

func TestContainers_runWithoutPrivileges(t *testing.T) {
	for service, c := range running(t).look(t) {
		h := c.HostConfig
		if !h.ReadonlyRootfs || h.Privileged || !slices.Contains(h.CapDrop, "ALL") || !slices.Contains(h.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s: %+v", service, h)
		}
		for port, bindings := range c.NetworkSettings.Ports {
			for _, b := range bindings {
				if b.HostIP != "127.0.0.1" {
					t.Errorf("%s publishes %s on %s", service, port, b.HostIP)
				}
			}
		}
	}
}

// The browsers' address is the issuer that every token names, and it answers from this machine.
func TestContainers_haveAnIdentityServerAtBothAddresses(t *testing.T) {
	d := running(t)
	issuer := d.config.Services[stack.Identity].Environment["FUSIONAUTH_ISSUER"]
	var discovery struct{ Issuer string }
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Get(issuer + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&discovery); err != nil || discovery.Issuer != issuer {
		t.Errorf("issuer = %q (%v), want %q", discovery.Issuer, err, issuer)
	}
	inner := strings.TrimPrefix(d.config.Services[stack.Gateway].Environment["FUSIONAUTH_URL"], "http://")
	if diff := cmp.Diff([]string{inner}, d.reached(t, "identity", inner)); diff != "" {
		t.Errorf("reached by the services (-want +got):\n%s", diff)
	}
}

// reached gives those of the addresses that a container on one network of the project can connect to.
func (d *demo) reached(t testing.TB, network string, addresses ...string) []string {
	t.Helper()
	const script = `for a in "$@"; do (timeout 3 bash -c "exec 3<>/dev/tcp/${a/://}" 2>/dev/null && echo "$a") & done; wait`
	args := []string{"run", "--rm", "--pull", "never", "--network", d.project.Name + "_" + network, "docker.io/library/golang:1.26", "bash", "-c", script, "bash"}
	found := strings.Fields(docker(t, append(args, addresses...)...))
	slices.Sort(found)
	return found
}

// A container beside the gateway, such as one that was broken into, reaches catalog and inventory neither by name nor by address.
func TestContainers_hideTheServicesFromTheEdge(t *testing.T) {
	d := running(t)
	addresses := []string{"catalog:3001", "inventory:3002"}
	if diff := cmp.Diff(addresses, d.reached(t, "services", addresses...)); diff != "" {
		t.Fatalf("the test shows nothing: reached from their own network (-want +got):\n%s", diff)
	}
	for service, c := range d.look(t) {
		for _, network := range c.NetworkSettings.Networks {
			if port, ok := map[string]string{stack.Catalog: "3001", stack.Inventory: "3002"}[service]; ok {
				addresses = append(addresses, network.IPAddress+":"+port)
			}
		}
	}
	want := []string{"gateway:3000"}
	if diff := cmp.Diff(want, d.reached(t, "edge", append(addresses, want...)...)); diff != "" {
		t.Errorf("reached from edge (-want +got):\n%s", diff)
	}
}

// The gateway's rows from this machine, through the published port.
func TestContainers_passTheMatrixFromOutside(t *testing.T) {
	d := running(t)
	for cell, why := range d.redCells(t) {
		t.Errorf("%s: %s", cell, why)
	}
}

// redCells tries the matrix from this machine and gives the cells of the gateway that did not pass.
func (d *demo) redCells(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.project.Root, "e2e", "roles.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := matrix.Parse("roles.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	told := d.config.Services["e2e"].Environment
	tally, err := matrix.Run(t.Context(), table, matrix.Target{
		URLs: map[string]string{stack.Gateway: told["BASE_URL"]}, Identity: told["FUSIONAUTH_PUBLIC_URL"],
		ClientID: stack.ClientID, ClientSecret: told["FUSIONAUTH_CLIENT_SECRET"], SigningKey: told["JWT_SIGNING_KEY"],
		GatewayIssuer: strings.TrimPrefix(told["BASE_URL"], "http://"), People: stack.People(told),
	}, silent{})
	if err != nil {
		t.Fatal(err)
	}
	red, cells := map[string]string{}, 0
	for _, r := range tally {
		if r.Service != stack.Gateway || r.Request == "routes" { // what a browser cannot see is tried from inside
			continue
		}
		cells++
		if r.State != matrix.Passed {
			red[r.Request+" as "+r.Caller] = strings.Join(r.Why, "; ")
		}
	}
	if cells < 200 {
		t.Fatalf("%d cells of the gateway were tried, and there should be more", cells)
	}
	return red
}

type silent struct{}

func (silent) Row(string, string, []matrix.Result) {}

// Every cell, the direct ones included, from a container on the services' network; and its reports.
func TestContainers_passTheMatrixFromInside(t *testing.T) {
	d := running(t)
	dir := t.TempDir()
	reports := map[string]string{"JUNIT_FILE": filepath.Join(dir, "junit", "roles.xml"), "REPORT_FILE": filepath.Join(dir, "roles.md")}
	var out bytes.Buffer
	run := compose.Run{Args: []string{"roles"}, Env: map[string]string{"REQUIRE": "all"}, Reports: reports, Out: &out}
	if err := d.project.Roles(t.Context(), run); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), " 0 failed, 0 skipped") {
		t.Errorf("the matrix has not said that all cells passed:\n%s", out.String())
	}
	digest := inspect(t, d.config.Services[stack.Catalog].Image).ID
	for name, path := range reports {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(digest)) || !bytes.Contains(text, []byte("admin-api")) {
			t.Errorf("%s does not show the image of catalog, or no cells", name)
		}
	}
}

// The way that make verify-fusionauth takes to the real one.
func TestContainers_passTheConformanceTests(t *testing.T) {
	d := running(t)
	var out bytes.Buffer
	if err := d.project.Conformance(t.Context(), &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestContainers_surviveEachOther(t *testing.T) {
	d := running(t)
	for _, victim := range []string{stack.Catalog, stack.Inventory, stack.Identity, stack.Gateway} {
		t.Run(victim, func(t *testing.T) {
			before := d.look(t)
			docker(t, "kill", before[victim].ID)
			without := d.look(t)
			if without[victim].State.Pid != 0 {
				t.Fatalf("%s still runs", victim)
			}
			if err := d.project.Start(t.Context(), &bytes.Buffer{}); err != nil {
				t.Fatal(err)
			}
			after := d.look(t)
			for service, c := range before {
				same := after[service].ID == c.ID && after[service].State.StartedAt == c.State.StartedAt
				if service == victim && same || service != victim && !same {
					t.Errorf("after the death of %s, %s: the same container, running since the same moment: %t", victim, service, same)
				}
			}
			for cell, why := range d.redCells(t) {
				t.Errorf("after the death of %s: %s: %s", victim, cell, why)
			}
		})
	}
}

// A new image of one service goes live without a touch to its siblings.
func TestContainers_areReplacedAlone(t *testing.T) {
	d := running(t)
	name := d.config.Services[stack.Catalog].Image
	before, old := d.look(t), inspect(t, name).ID
	relabelled := build(t, stack.Catalog, "--label", "storefront.test=again")
	docker(t, "tag", relabelled, name)
	defer func() {
		docker(t, "tag", old, name)
		if err := d.project.Start(t.Context(), &bytes.Buffer{}); err != nil {
			t.Error(err)
		}
	}()
	if err := d.project.Start(t.Context(), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	var replaced []string
	for service, c := range d.look(t) {
		if c.ID != before[service].ID || c.State.StartedAt != before[service].State.StartedAt {
			replaced = append(replaced, service)
		}
	}
	if diff := cmp.Diff([]string{stack.Catalog}, replaced); diff != "" {
		t.Errorf("replaced (-want +got):\n%s", diff)
	}
	for cell, why := range d.redCells(t) {
		t.Errorf("with the new catalog: %s: %s", cell, why)
	}
}

// With AUTH_MODE=jwks: the first signing key is made by itself, the matrix passes from inside, and a second key is published while
// everything runs.
func TestContainers_shareNoKeyInJWKSMode(t *testing.T) {
	built(t)
	d := &demo{}
	var err error
	if d.project, err = newProject(); err != nil {
		t.Fatal(err)
	}
	d.project.JWKS = true
	if d.config, err = d.project.Config(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(d.project); err != nil {
			t.Error(err)
		}
	})
	var out bytes.Buffer
	if err := d.project.Start(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if first := d.published(t); first != 1 {
		t.Errorf("the gateway publishes %d keys, want the one that was made", first)
	}
	out.Reset()
	if err := d.project.Roles(t.Context(), compose.Run{Args: []string{"roles"}, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	// Forged tokens need keys that nobody has here; those of all other callers are left.
	if tried := regexp.MustCompile(`(\d+) passed, 0 failed`).FindStringSubmatch(out.String()); tried == nil || len(tried[1]) < 3 {
		t.Errorf("the matrix has not passed:\n%s", out.String())
	}
	if _, err := d.project.Output(t.Context(), "run", "--rm", "--no-TTY", "--no-deps", "keys", "keys", "rotate", "/data"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); d.published(t) != 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the gateway has not published the second key within 30 s")
		}
	}
}

// published is how many keys the gateway publishes.
func (d *demo) published(t testing.TB) int {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Get(d.config.Services[stack.Gateway].Environment["GATEWAY_URL"] + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var set struct{ Keys []any }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	return len(set.Keys)
}
