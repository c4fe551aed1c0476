// Command composereader reads a compose file or a Dockerfile as Docker's own tools do, without an engine or a network.
//
//	composereader compose FILE      the project in its canonical form
//	composereader dockerfile FILE   the stages and their instructions, and what Docker's linter says of them
//
// Both are JSON on standard output.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// build is what a Dockerfile says.
type build struct {
	Stages   []stage  `json:"stages"`
	Warnings []string `json:"warnings"`
}

type stage struct {
	Name         string        `json:"name"`
	Base         string        `json:"base"`
	Instructions []instruction `json:"instructions"`
}

type instruction struct {
	Name string `json:"name"`
	Line string `json:"line"`
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: %s compose|dockerfile FILE", os.Args[0]))
	}
	read := map[string]func(string) ([]byte, error){"compose": compose, "dockerfile": dockerfile}[os.Args[1]]
	if read == nil {
		fail(fmt.Errorf("unknown kind of file %q", os.Args[1]))
	}
	text, err := read(os.Args[2])
	if err != nil {
		fail(err)
	}
	if _, err := os.Stdout.Write(text); err != nil {
		fail(err)
	}
}

func compose(path string) ([]byte, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithOsEnv)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}

func dockerfile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	said := build{Warnings: []string{}}
	for _, warning := range parsed.Warnings {
		said.Warnings = append(said.Warnings, warning.Short)
	}
	warn := func(rule, _, _, message string, _ []parser.Range) {
		said.Warnings = append(said.Warnings, rule+": "+message)
	}
	stages, _, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{Warn: warn}))
	if err != nil {
		return nil, err
	}
	for _, found := range stages {
		said.Stages = append(said.Stages, described(found))
	}
	return json.Marshal(said)
}

func described(found instructions.Stage) stage {
	result := stage{Name: found.Name, Base: found.BaseName}
	for _, command := range found.Commands {
		line := command.Name()
		if text, ok := command.(fmt.Stringer); ok {
			line = text.String()
		}
		result.Instructions = append(result.Instructions, instruction{Name: command.Name(), Line: line})
	}
	return result
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
