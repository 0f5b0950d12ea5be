package main

import (
	"storefront/shared/config"
	"storefront/shared/database"
)

// Config is every setting of inventory.
type Config struct {
	config.Common
	Database database.Settings
}

func loadConfig(environ []string) (Config, error) {
	s := config.Read(environ)
	cfg := declare(s)
	return cfg, s.Err()
}

func declare(s *config.Settings) Config {
	return Config{Common: s.Common("127.0.0.1:3002"), Database: database.Declare(s, service)}
}
