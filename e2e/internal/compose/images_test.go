package compose_test

import (
	"archive/tar"
	"crypto/rand"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/compose"
)

// image is what the engine knows of an image.
type image struct {
	ID     string `json:"Id"`
	Size   int64
	Config struct {
		User        string
		Env         []string
		Entrypoint  []string
		Labels      map[string]string
		Healthcheck *struct{ Test []string }
	}
	RootFS struct{ Layers []string }
}

func inspect(t testing.TB, name string) image {
	t.Helper()
	var images []image
	if err := json.Unmarshal([]byte(docker(t, "image", "inspect", name)), &images); err != nil || len(images) != 1 {
		t.Fatalf("image inspect %s: %v", name, err)
	}
	return images[0]
}

// ours are the images that are built here, by service.
func ours(config compose.Config) map[string]string {
	images := map[string]string{}
	for name, svc := range config.Services {
		if svc.Build != nil {
			images[name] = svc.Image
		}
	}
	return images
}

// How large an image may be, in bytes: of what is deployed, and of e2e, which has benchmarks and their database in it.
const maxImage, maxTool = 25_000_000, 30_000_000

func TestImages_areSmallAndRunAsNobody(t *testing.T) {
	t.Parallel()
	for service, name := range ours(built(t).config) {
		got := inspect(t, name)
		most := int64(maxImage)
		if service == "e2e" {
			most = maxTool
		}
		if got.Size > most {
			t.Errorf("%s is %d bytes, want %d at most", service, got.Size, most)
		}
		if got.Config.User != "65532:65532" {
			t.Errorf("%s runs as %q", service, got.Config.User)
		}
		if diff := cmp.Diff([]string{"/service"}, got.Config.Entrypoint); diff != "" {
			t.Errorf("%s: entry point (-want +got):\n%s", service, diff)
		}
		if h := got.Config.Healthcheck; h == nil || !slices.Equal(h.Test, []string{"CMD", "/service", "healthcheck"}) {
			t.Errorf("%s: health check is %v", service, h)
		}
		if got.Config.Labels["org.opencontainers.image.title"] != "storefront "+service || got.Config.Labels["org.opencontainers.image.licenses"] == "" {
			t.Errorf("%s: labels are %v", service, got.Config.Labels)
		}
	}
}

// Where modules were fetched from is the builder's affair, and may hold a password.
func TestImages_rememberNothingOfTheirBuild(t *testing.T) {
	t.Parallel()
	for service, name := range ours(built(t).config) {
		said := docker(t, "image", "history", "--no-trunc", "--format", "{{.CreatedBy}}", name) + strings.Join(inspect(t, name).Config.Env, "\n")
		if strings.Contains(said, "GOPROXY") || strings.Contains(said, "proxy.golang.org") {
			t.Errorf("%s: its history or environment shows GOPROXY:\n%s", service, said)
		}
	}
}

// There is no shell, no package manager, nothing to run but the service: what the engine itself puts there is no file of the image.
func TestImages_holdTheServiceAndRootsAlone(t *testing.T) {
	t.Parallel()
	for service, name := range ours(built(t).config) {
		var files []string
		each(t, name, func(h *tar.Header, _ io.Reader) {
			if h.Typeflag == tar.TypeReg && h.Size > 0 {
				files = append(files, h.Name)
			}
		})
		slices.Sort(files)
		if diff := cmp.Diff([]string{"etc/ssl/certs/ca-certificates.crt", "service"}, files); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", service, diff)
		}
	}
}

// each walks the file system of an image.
func each(t testing.TB, image string, visit func(*tar.Header, io.Reader)) {
	t.Helper()
	id := docker(t, "create", "--pull", "never", image)
	defer docker(t, "rm", id)
	export := exec.CommandContext(t.Context(), "docker", "export", id)
	stdout, err := export.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := export.Start(); err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(stdout); ; {
		h, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		visit(h, files)
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Fatal(err)
	}
	if err := export.Wait(); err != nil {
		t.Fatal(err)
	}
}

// build runs docker build with the project's Dockerfile and gives the name of the image, which goes with the test.
func build(t testing.TB, service string, args ...string) string {
	t.Helper()
	d := built(t)
	spec := d.config.Services[service].Build
	name := "storefront-test/" + strings.ToLower(rand.Text())
	all := []string{"build", "--file", filepath.Join(spec.Context, spec.Dockerfile), "--tag", name}
	for arg, value := range spec.Args {
		all = append(all, "--build-arg", arg+"="+value)
	}
	docker(t, append(append(all, args...), spec.Context)...)
	t.Cleanup(func() {
		if text, err := exec.Command("docker", "image", "rm", name).CombinedOutput(); err != nil {
			t.Errorf("image rm: %v\n%s", err, text)
		}
	})
	return name
}

// buildWith builds the service itself anew, with an argument that no other image has. The first stage gets a name of its own, so that it
// goes with the test as well: left behind, it would be what the classic builder takes next for its cache.
func buildWith(t testing.TB, service, arg string) string {
	t.Helper()
	build(t, service, "--target", "build", "--build-arg", arg)
	return build(t, service, "--build-arg", arg)
}

// The tests that build run one after another: builds at the same time take each other's cache.

func TestImages_areBuiltWithoutTheSiblings(t *testing.T) {
	stage := build(t, "catalog", "--target", "build")
	got := strings.Fields(docker(t, "run", "--rm", "--pull", "never", "--network", "none", stage, "ls", "/src"))
	if diff := cmp.Diff([]string{"catalog", "shared"}, got); diff != "" {
		t.Errorf("what the build of catalog sees (-want +got):\n%s", diff)
	}
}

// The same source gives the same bytes: said aloud, the date that files have anyway makes the builder do it all again. The ids of whole
// images differ, since the builder writes the time into their configuration.
func TestImages_areReproducible(t *testing.T) {
	d := built(t)
	first := inspect(t, d.config.Services["catalog"].Image)
	second := inspect(t, buildWith(t, "catalog", "SOURCE_DATE_EPOCH=0"))
	if diff := cmp.Diff(first.RootFS.Layers, second.RootFS.Layers); diff != "" {
		t.Errorf("layers of two builds (-first +second):\n%s", diff)
	}
	if first.ID == second.ID {
		t.Error("it is the same image: nothing was built")
	}
}

func TestImages_areMadeForArmAsWell(t *testing.T) {
	name := buildWith(t, "gateway", "TARGETARCH=arm64")
	found := false
	each(t, name, func(h *tar.Header, file io.Reader) {
		if path.Clean(h.Name) != "service" {
			return
		}
		found = true
		if got := machine(t, file); got != elf.EM_AARCH64 {
			t.Errorf("the service is for %s", got)
		}
	})
	if !found {
		t.Error("there is no service in the image")
	}
}

func machine(t testing.TB, program io.Reader) elf.Machine {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := io.Copy(file, program); err != nil {
		t.Fatal(err)
	}
	header, err := elf.NewFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return header.Machine
}

// Everybody can read the demo's secrets, so they are for this machine alone.
func TestImages_refuseDemoSecretsOnceOthersCanReachThem(t *testing.T) {
	t.Parallel()
	d := built(t)
	for service, secrets := range map[string][]string{
		"gateway": {"JWT_SIGNING_KEY", "SESSION_SECRET", "FUSIONAUTH_CLIENT_SECRET"}, "catalog": {"JWT_SIGNING_KEY"}, "inventory": {"JWT_SIGNING_KEY"},
	} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			demo := filepath.Join(d.project.Root, "deploy", "demo", "session_secret")
			args := []string{"run", "--rm", "--pull", "never", "--network", "none", "--read-only", "--volume", demo + ":/run/secrets/session_secret:ro"}
			for name, value := range d.config.Services[service].Environment {
				if name == "GATEWAY_URL" {
					value = "https://shop.example.com"
				}
				args = append(args, "--env", name+"="+value)
			}
			text, err := tryDocker(t, append(args, d.config.Services[service].Image)...)
			if err == nil {
				t.Error("it has started and ended well")
			}
			for _, secret := range secrets {
				if !strings.Contains(text, secret+": is a demo value") {
					t.Errorf("it does not refuse %s:\n%s", secret, text)
				}
			}
		})
	}
}
