package rig

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Region is where all keys of the double are.
const Region = "us-east-1"

// KeyARN names the n-th key of a test; its material follows from the name.
func KeyARN(n int) string {
	return fmt.Sprintf("arn:aws:kms:%s:111122223333:key/00000000-0000-4000-8000-%012d", Region, n)
}

// Double is an AWS endpoint that doubles for KMS: sealkit-aws-double.
type Double struct {
	*Process
	URL string
	t   testing.TB
}

// StartDouble starts a double that has the given keys.
func StartDouble(t testing.TB, keys ...string) *Double {
	t.Helper()
	var arguments []string
	for _, key := range keys {
		arguments = append(arguments, "--seed-key", key)
	}
	cmd := exec.Command(program(t, "SEALKIT_AWS_DOUBLE"), arguments...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	// It runs until its standard input ends.
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	process := Start(t, "double", cmd)
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the double says no address: %v", err)
	}
	return &Double{Process: process, URL: strings.TrimSpace(url), t: t}
}

// Calls counts the calls of an operation, answered or not.
func (d *Double) Calls(operation string) int {
	d.t.Helper()
	var counts map[string]map[string]int
	if err := json.Unmarshal(d.control(http.MethodGet, "calls", nil), &counts); err != nil {
		d.t.Fatalf("the double's counts: %v", err)
	}
	return counts[operation][Region]
}

// ResetCalls begins to count anew.
func (d *Double) ResetCalls() {
	d.t.Helper()
	d.control(http.MethodDelete, "calls", nil)
}

// BlackHole has every request read and none answered, until Heal.
func (d *Double) BlackHole() {
	d.t.Helper()
	d.Fault(map[string]any{"effect": "Silence"})
}

// Fault adds a rule of the double's.
func (d *Double) Fault(rule map[string]any) {
	d.t.Helper()
	d.control(http.MethodPost, "faults", rule)
}

// Heal ends all faults.
func (d *Double) Heal() {
	d.t.Helper()
	d.control(http.MethodDelete, "faults", nil)
}

// SetState makes a key Enabled, Disabled or PendingDeletion.
func (d *Double) SetState(key, state string) {
	d.t.Helper()
	d.control(http.MethodPost, "state", map[string]any{"key": key, "state": state})
}

// Rotate gives a key new material behind its ARN.
func (d *Double) Rotate(key string) {
	d.t.Helper()
	d.control(http.MethodPost, "rotate", map[string]any{"key": key})
}

// Deny has an operation answered AccessDenied for a key.
func (d *Double) Deny(operation, key string) {
	d.t.Helper()
	d.control(http.MethodPost, "deny", map[string]any{"operation": operation, "key": key})
}

// AllowAll lifts all denials.
func (d *Double) AllowAll() {
	d.t.Helper()
	d.control(http.MethodDelete, "deny", nil)
}

func (d *Double) control(method, path string, body any) []byte {
	d.t.Helper()
	answer, err := d.send(method, "/_double/"+path, nil, body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer
}

// Encrypt is kms:Encrypt, past every plugin.
func (d *Double) Encrypt(key string, context map[string]string, plaintext []byte) ([]byte, error) {
	var answer struct{ CiphertextBlob []byte }
	request := map[string]any{"KeyId": key, "Plaintext": plaintext}
	addContext(request, context)
	err := d.kms("Encrypt", request, &answer)
	return answer.CiphertextBlob, err
}

// Decrypt is kms:Decrypt without a KeyId, past every plugin.
func (d *Double) Decrypt(context map[string]string, ciphertext []byte) ([]byte, error) {
	var answer struct{ Plaintext []byte }
	request := map[string]any{"CiphertextBlob": ciphertext}
	addContext(request, context)
	err := d.kms("Decrypt", request, &answer)
	return answer.Plaintext, err
}

func addContext(request map[string]any, context map[string]string) {
	if len(context) != 0 {
		request["EncryptionContext"] = context
	}
}

func (d *Double) kms(operation string, request, answer any) error {
	now := time.Now().UTC()
	// The double reads who calls and for which Region; it checks no signature.
	scope := fmt.Sprintf("test/%s/%s/kms/aws4_request", now.Format("20060102"), Region)
	headers := map[string]string{
		"X-Amz-Target":  "TrentService." + operation,
		"X-Amz-Date":    now.Format("20060102T150405Z"),
		"Authorization": "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=0",
		"Content-Type":  "application/x-amz-json-1.1",
	}
	body, err := d.send(http.MethodPost, "/", headers, request)
	if err != nil {
		return fmt.Errorf("kms:%s: %w", operation, err)
	}
	return json.Unmarshal(body, answer)
}

func (d *Double) send(method, path string, headers map[string]string, body any) ([]byte, error) {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, d.URL+path, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(answer))
	}
	return answer, nil
}
