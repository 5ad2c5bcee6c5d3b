using System.Text.Json;
using System.Text.Json.Nodes;
using MlSystem.Testing;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Tests.Doubles;

namespace MlSystem.Training.Tests.Pipelines;

public sealed class PipelineReaderTests
{
    [Fact]
    public void All_errors_of_a_definition_are_found_at_once()
    {
        var (definition, errors) = Read("""
            {
              "colour": "red",
              "source": { "feature_service": "s", "labels": { "file": "../secret.csv", "table": { "a": ["1"], "b": [] }, "label_column": "y" } },
              "validation": { "min_rows": 0, "max_missing_share": 2, "label_classes": ["a", "a"] },
              "split": { "kind": "random", "test_share": 1 },
              "trainer": { "kind": "lightgbm", "task": "regression", "parameters": { "leaves": 1.5, "depth": 3 } },
              "evaluation": { "metrics": ["auc"] },
              "gate": { "thresholds": [{ "metric": "rmse" }, { "metric": "auc", "min": 0.5 }], "champion": { "level": 0.9 } },
              "register": { "alias": 3 }
            }
            """);
        Assert.Null(definition);
        Assert.Equal(
            [
                "$.colour", "$.evaluation.metrics[0]", "$.gate.champion.level", "$.gate.thresholds[0]", "$.gate.thresholds[1].metric", "$.register.alias", "$.register.model",
                "$.source.labels", "$.source.labels.file", "$.source.labels.table", "$.source.labels.table", "$.source.labels.table", "$.split.kind", "$.split.test_share",
                "$.trainer.parameters.depth", "$.trainer.parameters.leaves", "$.validation.label_classes", "$.validation.label_classes",
                "$.validation.max_missing_share", "$.validation.min_rows",
            ],
            errors.Select(e => e.Path).Order(StringComparer.Ordinal));
        Assert.All(errors, e => Assert.NotEmpty(e.Message));
    }

    [Fact]
    public void An_unknown_key_is_refused_wherever_it_stands()
    {
        var sections = new[] { "", "source", "source.labels", "validation", "split", "trainer", "trainer.parameters", "evaluation", "gate", "gate.champion", "register" };
        foreach (var section in sections)
        {
            var document = Documents.Valid;
            JsonNode node = document;
            foreach (var key in section.Split('.', StringSplitOptions.RemoveEmptyEntries))
            {
                node = node[key]!;
            }

            node["surprise"] = 1;
            var (definition, errors) = Read(document.ToJsonString());
            Assert.Null(definition);
            var error = Assert.Single(errors);
            Assert.EndsWith(".surprise", error.Path, StringComparison.Ordinal);
            Assert.Contains("known are", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("3")]
    [InlineData("null")]
    [InlineData("""{"source":[],"trainer":3,"register":null,"split":"hash","gate":[],"validation":1,"evaluation":{"metrics":"auc"}}""")]
    public void Wrong_types_are_errors_and_not_exceptions(string json) => Assert.NotEmpty(Read(json).Errors);

    [Fact]
    public void A_trainer_is_not_given_a_task_that_it_does_not_do()
    {
        var document = Documents.Valid;
        document["trainer"] = JsonNode.Parse("""{"kind":"popularity","task":"multiclass_classification"}""");
        document["gate"] = new JsonObject();
        document["evaluation"] = new JsonObject();
        Assert.Equal("$.trainer.task", Assert.Single(Read(document.ToJsonString()).Errors).Path);
    }

    [Fact]
    public void The_samples_pipeline_is_valid() =>
        Assert.Empty(PipelineReader.Read(JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "samples", "churn", "pipeline.json"))).RootElement).Errors);

    [Fact]
    public async Task A_definition_is_stored_once_and_a_change_makes_the_next_version()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        var document = Documents.Valid;
        var first = await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), 201);
        Assert.Equal(1, (int)first["version"]!);
        Assert.Equal(1, (int)(await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString()))["version"]!);
        document["description"] = "second";
        Assert.Equal(2, (int)(await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", document.ToJsonString(), 201))["version"]!);
        Assert.Equal(2, (int)(await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small"))["version"]!);
        Assert.Null((await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small?version=1"))["definition"]!["description"]);
        await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/small?version=3", expected: 404);
        Assert.Contains("small", (await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines/smal", expected: 404)).Text("detail"), StringComparison.Ordinal);

        document["name"] = "small";
        await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines", document.ToJsonString(), 409);
        document["name"] = "Other";
        var problem = await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines", document.ToJsonString(), 422);
        Assert.Equal("$.name", problem["errors"]![0]!.Text("path"));
        await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines", "{", 400);
        Assert.Single((await host.Http.SendAsync(HttpMethod.Get, "/api/pipelines"))["pipelines"]!.AsArray());
    }

    private static (PipelineDefinition? Definition, IReadOnlyList<DefinitionError> Errors) Read(string json) =>
        PipelineReader.Read(JsonDocument.Parse(json).RootElement, "small");
}
