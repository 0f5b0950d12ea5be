package server

import (
	"io"
	"log/slog"
)

// NewLogger returns a logger that writes lines of format json or text, of level debug, info, warn or error and above; the
// settings LOG_LEVEL and LOG_FORMAT have been checked by then.
func NewLogger(w io.Writer, level, format string) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: least}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}
