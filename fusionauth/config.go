package main

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"storefront/fusionauth/internal/kickstart"
	"storefront/shared/config"
)

//go:embed kickstart
var embedded embed.FS

// Config is what the stand-in reads of the environment, besides the names that the kickstart uses as #{ENV.NAME}.
type Config struct {
	Addr                []string
	LogLevel, LogFormat string
	Setup               kickstart.Setup
}

// loadConfig reads the settings and the kickstart, and reports the faults of both at once.
func loadConfig(environ []string) (Config, error) {
	s := config.Read(environ)
	cfg := Config{
		Addr:      s.List("ADDR", "127.0.0.1:9011", "listen address; several, separated by commas, are all served"),
		LogLevel:  s.Enum("LOG_LEVEL", "info", "least level that is logged", "debug", "info", "warn", "error"),
		LogFormat: s.Enum("LOG_FORMAT", "json", "json or text", "json", "text"),
	}
	if len(cfg.Addr) == 0 {
		s.Fault("ADDR", "names no address")
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

// kickstartFile gives the file and the directory that its includes are relative to.
func kickstartFile(path string) (fs.FS, string, error) {
	if path == "" {
		fsys, err := fs.Sub(embedded, "kickstart")
		return fsys, "kickstart.json", err
	}
	return os.DirFS(filepath.Dir(path)), filepath.Base(path), nil
}
