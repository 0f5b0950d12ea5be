package main

import (
	"embed"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"

	"storefront/fusionauth/internal/kickstart"
	"storefront/shared/config"
)

//go:embed kickstart
var embedded embed.FS

// Config is what the stand-in reads of the environment, besides the names that the kickstart uses as #{ENV.NAME}.
type Config struct {
	Addr                []string
	LogLevel, LogFormat string
	Admin               bool
	Setup               kickstart.Setup
}

// loadConfig reads the settings and the kickstart, and reports the faults of both at once.
func loadConfig(environ []string) (Config, error) {
	s := config.Read(environ)
	cfg := Config{
		Addr:      s.List("ADDR", "127.0.0.1:9011", "listen address; several, separated by commas, are all served"),
		LogLevel:  s.Enum("LOG_LEVEL", "info", "least level that is logged", "debug", "info", "warn", "error"),
		LogFormat: s.Enum("LOG_FORMAT", "json", "json or text", "json", "text"),
		Admin:     s.Bool("STANDIN_ADMIN", false, "serve /admin, which lets anybody on this machine act on the server; ADDR must be loopback"),
	}
	if len(cfg.Addr) == 0 {
		s.Fault("ADDR", "names no address")
	}
	if cfg.Admin && slices.ContainsFunc(cfg.Addr, reachable) {
		s.Fault("STANDIN_ADMIN", "is only for an ADDR on loopback, such as 127.0.0.1:9011")
	}
	fsys, name, err := kickstartFile(s.String("KICKSTART_FILE", "", "the kickstart to serve; default the one of this repository"))
	if err == nil {
		cfg.Setup, err = kickstart.Parse(fsys, name, func(env string) (string, bool) {
			value := s.String(env, "", "used by the kickstart")
			return value, value != ""
		})
	}
	return cfg, errors.Join(s.Err(), err)
}

// reachable reports whether others than this machine can reach what listens on addr.
func reachable(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err != nil || !config.Loopback(host)
}

// kickstartFile gives the file and the directory that its includes are relative to.
func kickstartFile(path string) (fs.FS, string, error) {
	if path == "" {
		fsys, err := fs.Sub(embedded, "kickstart")
		return fsys, "kickstart.json", err
	}
	return os.DirFS(filepath.Dir(path)), filepath.Base(path), nil
}
