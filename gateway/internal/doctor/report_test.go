package doctor_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/doctor"
	"storefront/shared/config"
	"storefront/shared/server"
)

func TestCommand_writesForPeopleAndPrograms(t *testing.T) {
	t.Parallel()
	s := newShop(t, config.HMAC)
	s.inventory.Close()
	s.late["catalog"] = time.Hour
	var text, document strings.Builder
	err := doctor.Command(t.Context(), s.cfg, []string{"--user", email}, &text)
	coder, ok := errors.AsType[server.ExitCoder](err)
	if !ok || coder.ExitCode() != 3 || err.Error() != "2 of 21 checks failed" {
		t.Errorf("Command = %v, want the exit code 3 of the first class", err)
	}
	for _, want := range []string{"\nfail  service (inventory)", "mend: start it, or set INVENTORY_URL", "see:  docs/troubleshooting.md#service\n", "\nok    issuer"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	if again := doctor.Command(t.Context(), s.cfg, []string{"--json", "--user", email}, &document); again == nil || again.Error() != err.Error() {
		t.Errorf("Command --json = %v, want %v", again, err)
	}
	var report struct {
		ExitCode int `json:"exit_code"`
		Checks   []doctor.Finding
	}
	if err := json.Unmarshal([]byte(document.String()), &report); err != nil || report.ExitCode != 3 || len(report.Checks) != 21 {
		t.Fatalf("%v: %+v", err, report)
	}
	for _, f := range report.Checks {
		if f.Status == "" || f.Found == "" || (f.Status == doctor.Fail) != (f.Mend != "") || !strings.HasPrefix(f.See, "docs/troubleshooting.md#") {
			t.Errorf("%+v is not complete", f)
		}
	}
}

func TestCommand_refusesOtherArguments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args     []string
		password config.Secret
	}{
		"an unknown flag":            {[]string{"--verbose"}, ""},
		"a word":                     {[]string{"now"}, ""},
		"a user without a password":  {[]string{"--user", email}, ""},
		"a password without a user":  {nil, password},
		"a user without a name":      {[]string{"--user"}, password},
		"a password as an argument?": {[]string{"--user", email, password}, password},
	} {
		var out strings.Builder
		err := doctor.Command(t.Context(), doctor.Config{Password: tt.password}, tt.args, &out)
		if err == nil || !strings.HasPrefix(err.Error(), "usage: gateway doctor") || out.Len() > 0 || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v, %q", name, err, &out)
		}
	}
}

// Where the first class decides, it is the lowest, in whatever order the checks stand.
func TestReport_Err(t *testing.T) {
	t.Parallel()
	s := newShop(t, config.HMAC)
	s.catalog.Close()
	if code := exitCode(doctor.Examine(t.Context(), s.cfg)); code != 5 {
		t.Errorf("a service away: exit code %d", code)
	}
	s.registered = nil
	if code := exitCode(doctor.Examine(t.Context(), s.cfg)); code != 4 {
		t.Errorf("and no redirect URL: exit code %d", code)
	}
	s.issuer = "another"
	if code := exitCode(doctor.Examine(t.Context(), s.cfg)); code != 2 {
		t.Errorf("and another issuer: exit code %d", code)
	}
}

// Seconds are all that a Date says, so only what it cannot explain is a skew.
func TestSkew(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		date, before, after time.Time
		want                time.Duration
	}{
		"the same second":           {noon, noon.Add(900 * time.Millisecond), noon.Add(950 * time.Millisecond), 0},
		"a slow answer":             {noon.Add(4 * time.Second), noon, noon.Add(5 * time.Second), 0},
		"a second that has passed":  {noon, noon.Add(time.Second), noon.Add(2 * time.Second), 0},
		"behind":                    {noon, noon.Add(time.Minute), noon.Add(time.Minute), -59 * time.Second},
		"ahead":                     {noon.Add(time.Minute), noon, noon.Add(time.Second), 59 * time.Second},
		"ahead of the whole answer": {noon.Add(6 * time.Second), noon, noon.Add(5 * time.Second), time.Second},
	} {
		if got := doctor.Skew(tt.date, tt.before, tt.after); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestConfig_Declare(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("a token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var cfg doctor.Config
	s := config.Read([]string{"DOCTOR_PASSWORD=a password", "DOCTOR_TOKEN_FILE=" + path})
	cfg.Declare(s)
	if err := s.Err(); err != nil || cfg.Password != "a password" || cfg.Token != "a token" {
		t.Errorf("Declare = %q, %q, %v", string(cfg.Password), string(cfg.Token), err)
	}
	cfg = doctor.Config{}
	s = config.Read(nil)
	cfg.Declare(s)
	if err := s.Err(); err != nil || cfg.Password != "" || cfg.Token != "" {
		t.Errorf("Declare of nothing = %q, %q, %v", string(cfg.Password), string(cfg.Token), err)
	}
}
