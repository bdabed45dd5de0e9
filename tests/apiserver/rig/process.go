// Package rig gives a story the processes that it plays with: the AWS double, the plugin, and whatever else
// it starts. All are on loopback or in the test's own directory, and none outlives the test.
package rig

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopWithin is how long a process may take to end after SIGTERM.
const stopWithin = 20 * time.Second

// Process is a child of the test.
type Process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// Start runs cmd with its output in a log file, which is shown if the test fails.
func Start(t testing.TB, name string, cmd *exec.Cmd) *Process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if cmd.Stdout == nil {
		cmd.Stdout = log
	}
	cmd.Stderr = log
	// The child goes with the test, even if that is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	p := &Process{t: t, name: name, cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		// How it ended shows in its log and in ProcessState.
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s, the last of its log:\n%s", filepath.Base(p.log), tail(p.Log(), 60))
		}
	})
	return p
}

// Kill ends the process at once (SIGKILL).
func (p *Process) Kill() { p.signal(syscall.SIGKILL) }

// Stop asks the process to end (SIGTERM) and fails the test if it does not.
func (p *Process) Stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
}

func (p *Process) signal(signal syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		p.t.Errorf("%s has not ended %v after %v", p.name, stopWithin, signal)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// Ended says whether the process has ended by itself or was ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Log is what the process has written so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// program is the path that the environment gives for a program of ours.
func program(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: run ./check apiserver, or name the program in it", variable)
	}
	return path
}
