using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>What MLflow's own tests of its REST server ask for.</summary>
public abstract partial class RegistryContract
{
    [Theory]
    [InlineData("experiments/create", """{"name": 123}""", "Invalid value 123 for parameter 'name'")]
    [InlineData("experiments/create", "{}", "Missing value for required parameter 'name'")]
    [InlineData("experiments/create", "", "Missing value for required parameter 'name'")]
    [InlineData("experiments/create", """{"name": "x", "tags": "5"}""", "Invalid value \"5\" for parameter 'tags'")]
    [InlineData("runs/log-metric", """{"run_id": "r", "key": "m", "value": 1, "timestamp": "foo"}""", "Invalid value \"foo\" for parameter 'timestamp'")]
    [InlineData("runs/log-metric", """{"run_id": "r", "key": "m", "value": 1}""", "Missing value for required parameter 'timestamp'")]
    [InlineData("runs/log-batch", """{"run_id": "r", "metrics": [{"key": "m", "value": 1}]}""", "Missing value for required parameter 'metrics[0].timestamp'")]
    [InlineData("runs/log-batch", """{"run_id": "r", "metrics": [{"key": "m", "value": true, "timestamp": 1}]}""", "Invalid value true for parameter 'metrics[0].value'")]
    [InlineData("runs/log-batch", """{"run_id": "r", "tags": [{"value": "v"}]}""", "Missing value for required parameter 'tags[0].key'")]
    [InlineData("runs/log-inputs", """{"run_id": "r"}""", "Missing value for required parameter 'datasets'")]
    [InlineData("experiments/search-datasets", "{}", "at least one experiment_id")]
    [InlineData("runs/set-tag", """{"run_id": "r", "key": "k"} {}""", "after a single JSON value")]
    public async Task A_wrong_field_is_named_with_its_value(string call, string body, string problem)
    {
        var answer = (await Registry.PostAsync(call, body)).Refused("INVALID_PARAMETER_VALUE");
        Assert.Contains(problem, answer.Body.GetProperty("message").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inputs_are_logged_to_runs_of_the_default_experiment()
    {
        var (run, _) = await Registry.RunAsync();
        var dataset = new { name = RegistryClient.Unique("set"), digest = "d", source_type = "local", source = "{}" };
        (await Registry.PostAsync("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset } } })).Ok();
        var inputs = (await Registry.GetAsync($"runs/get?run_id={run}")).Ok().Body.GetProperty("run").GetProperty("inputs").GetProperty("dataset_inputs");
        Assert.Equal(dataset.name, inputs[0].GetProperty("dataset").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Histories_of_several_runs_come_run_by_run()
    {
        var runs = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var (run, _) = await Registry.RunAsync();
            runs.Add(run);
            (await Registry.PostAsync("runs/log-batch", new { run_id = run, metrics = new[] { 3, 1, 2 }.Select(t => new { key = "m", value = t, timestamp = t, step = 0 }) })).Ok();
        }

        var history = (await Registry.GetAsync($"metrics/get-history-bulk?run_id={runs[1]}&run_id={runs[0]}&metric_key=m&max_results=5")).Ok().Body.GetProperty("metrics");
        Assert.Equal(
            [(runs[0], 1), (runs[0], 2), (runs[0], 3), (runs[1], 1), (runs[1], 2)],
            history.EnumerateArray().Select(m => (m.GetProperty("run_id").GetString()!, m.GetProperty("timestamp").GetInt32())));
        (await Registry.GetAsync("metrics/get-history-bulk?metric_key=m")).Refused("INVALID_PARAMETER_VALUE");
    }

    [Theory]
    [InlineData("mlflow-artifacts:/models///", true)]
    [InlineData("mlflow-artifacts:/models/foo///bar", true)]
    [InlineData("mlflow-artifacts://host:9000/models/artifact/..../", true)]
    [InlineData("s3://bucket/model", true)]
    [InlineData("mlflow-artifacts://host:9000/models/../../../", false)]
    [InlineData("https://host/api/2.0/mlflow-artifacts/artifacts/../../../", false)]
    [InlineData("s3a://bucket/artifacts/../../../", false)]
    [InlineData("mlflow-artifacts://host:9000/models/..%252f..%2fartifacts", false)]
    [InlineData("mlflow-artifacts://host:9000/models/artifact%00", false)]
    [InlineData("dbfs:/x/artifacts/a%3f/../../", false)]
    [InlineData("/tmp", false)]
    public async Task A_source_that_leads_elsewhere_is_refused(string source, bool taken)
    {
        var answer = await Registry.PostAsync("model-versions/create", new { name = await Registry.ModelAsync(), source });
        _ = taken ? answer.Ok() : answer.Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task Runs_are_ordered_by_a_metric_with_those_without_it_last_and_in_pages()
    {
        var experiment = await Registry.ExperimentAsync();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var value in new[] { "none", "NaN", "1", "-Infinity", "none2", "Infinity", "-3", "1b" })
        {
            var (run, _) = await Registry.RunAsync(experiment);
            names[run] = value;
            if (!value.StartsWith("none", StringComparison.Ordinal))
            {
                (await Registry.PostAsync("runs/log-batch", new { run_id = run, metrics = new[] { new { key = "x", value = value.TrimEnd('b'), timestamp = 1 } }, @params = new[] { new { key = "x", value } } })).Ok();
            }
        }

        string[] ascending = ["-Infinity", "-3", "1", "1b", "Infinity", "NaN", "none", "none2"];
        string[] descending = ["Infinity", "1", "1b", "-3", "-Infinity", "NaN", "none", "none2"];
        string[] byParam = ["-3", "-Infinity", "1", "1b", "Infinity", "NaN", "none", "none2"];
        foreach (var size in new[] { 1, 3, 100 })
        {
            Assert.Equal(ascending, await OrderedAsync("metrics.x", size));
            Assert.Equal(descending, await OrderedAsync("metrics.x DESC", size));
            Assert.Equal(byParam, await OrderedAsync("params.x", size));
        }

        async Task<List<string>> OrderedAsync(string order, int size)
        {
            var found = new List<string>();
            string? token = null;
            do
            {
                var page = (await Registry.PostAsync("runs/search", new { experiment_ids = new[] { experiment }, order_by = new[] { order }, max_results = size, page_token = token })).Ok().Body;
                found.AddRange(page.GetProperty("runs").EnumerateArray().Select(r => names[r.GetProperty("info").GetProperty("run_id").GetString()!]));
                token = page.TryGetProperty("next_page_token", out var next) ? next.GetString() : null;
            }
            while (token is not null);
            return found;
        }
    }

    [Fact]
    public async Task Long_values_are_told_apart_beyond_what_the_index_holds()
    {
        var experiment = await Registry.ExperimentAsync();
        var start = string.Concat(Enumerable.Repeat("𝄞é", 150));
        var ids = new List<string>();
        foreach (var end in new[] { "a", "b" })
        {
            var (run, _) = await Registry.RunAsync(experiment);
            ids.Add(run);
            (await Registry.PostAsync("runs/log-batch", new { run_id = run, @params = new[] { new { key = "p", value = start + end } }, tags = new[] { new { key = "t", value = start + end } } })).Ok();
        }

        foreach (var scope in new[] { "params.p", "tags.t" })
        {
            Assert.Equal([ids[1]], (await FindAsync(experiment, $"{scope} = '{start}b'")).Ids);
            Assert.Equal([ids[0]], (await FindAsync(experiment, $"{scope} IN ('{start}a', 'x')")).Ids);
            Assert.Equal([ids[1]], (await FindAsync(experiment, $"{scope} LIKE '%b'")).Ids);
            Assert.Equal([ids[1], ids[0]], (await FindAsync(experiment, "", $"{scope} DESC")).Ids);
        }
    }
}
