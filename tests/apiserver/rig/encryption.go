package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Provider is one KMS provider of an EncryptionConfiguration.
type Provider struct {
	// API is v1 or v2.
	API string
	// Name is part of what is written to etcd.
	Name string
	// Endpoint is unix://PATH.
	Endpoint string
}

// WriteEncryptionConfig writes an EncryptionConfiguration for Secrets: the first provider encrypts, all decrypt.
// The file is replaced in one step, since a reload may look at any time.
func WriteEncryptionConfig(t testing.TB, path string, providers ...Provider) {
	t.Helper()
	var text strings.Builder
	text.WriteString("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n" +
		"resources:\n- resources: [secrets]\n  providers:\n")
	for _, provider := range providers {
		fmt.Fprintf(&text, "  - kms: {apiVersion: %s, name: %s, endpoint: %q, timeout: 3s}\n",
			provider.API, provider.Name, provider.Endpoint)
	}
	// What is not encrypted reads too.
	text.WriteString("  - identity: {}\n")
	written := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(written, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(written, path); err != nil {
		t.Fatal(err)
	}
}
