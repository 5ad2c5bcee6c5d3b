using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Training.Tests.Doubles;

/// <summary>The registry as training needs it: MLflow's tracking and model calls, and the native state of versions.</summary>
internal sealed class RegistryDouble : ServiceDouble
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _experiments = [];

    public List<Run> Runs { get; } = [];

    public ConcurrentDictionary<string, byte[]> Artifacts { get; } = new();

    public HashSet<string> Models { get; } = [];

    public List<Version> Versions { get; } = [];

    public ConcurrentDictionary<string, int> Aliases { get; } = new();

    /// <summary>Why the validation refuses versions; null accepts them.</summary>
    public string? Refusal { get; set; }

    public byte[] File(int version, string name) => Artifacts[$"{Versions.Single(v => v.Number == version).Source["mlflow-artifacts:/".Length..]}/{name}"];

    protected override void Map(WebApplication app)
    {
        const string Mlflow = "/api/2.0/mlflow";
        app.MapGet($"{Mlflow}/experiments/get-by-name", (string experiment_name) => Locked(() => _experiments.TryGetValue(experiment_name, out var id)
            ? Json(new { experiment = new { experiment_id = id, name = experiment_name, lifecycle_stage = "active" } })
            : Error(404, "RESOURCE_DOES_NOT_EXIST", $"No experiment '{experiment_name}'")));
        app.MapPost($"{Mlflow}/experiments/create", (HttpContext c, CancellationToken _) => AnswerAsync<Named>(c, named => _experiments.TryAdd(named.Name, $"{_experiments.Count + 1}")
            ? Json(new { experiment_id = _experiments[named.Name] })
            : Error(400, "RESOURCE_ALREADY_EXISTS", "exists")));
        app.MapPost($"{Mlflow}/runs/search", (HttpContext c, CancellationToken _) => AnswerAsync<SearchRuns>(c, search => Json(new
        {
            runs = Runs.Where(r => search.ExperimentIds.Contains(r.Experiment) && r.Tags.Any(t => search.Filter == $"tags.`{t.Key}` = '{t.Value}'")).Take(search.MaxResults).Select(Info),
        })));
        app.MapPost($"{Mlflow}/runs/create", (HttpContext c, CancellationToken _) => AnswerAsync<CreateRun>(c, CreateRunOf));
        app.MapPost($"{Mlflow}/runs/log-batch", (HttpContext c, CancellationToken _) => AnswerAsync<LogBatch>(c, LogOf));
        app.MapPost($"{Mlflow}/runs/update", (HttpContext c, CancellationToken _) => AnswerAsync<UpdateRun>(c, update =>
        {
            Runs.Single(r => r.Id == update.RunId).Status = update.Status;
            return Json(new { });
        }));
        app.MapPut("/api/2.0/mlflow-artifacts/artifacts/{**path}", async (string path, HttpContext c) =>
        {
            using var body = new MemoryStream();
            await c.Request.Body.CopyToAsync(body);
            Artifacts[path] = body.ToArray();
            return Json(new { });
        });
        app.MapPost($"{Mlflow}/registered-models/create", (HttpContext c, CancellationToken _) => AnswerAsync<Named>(c, named => Models.Add(named.Name)
            ? Json(new { registered_model = new { name = named.Name } })
            : Error(400, "RESOURCE_ALREADY_EXISTS", "exists")));
        app.MapPost($"{Mlflow}/model-versions/create", (HttpContext c, CancellationToken _) => AnswerAsync<CreateVersion>(c, CreateVersionOf));
        app.MapGet($"{Mlflow}/registered-models/alias", (string name, string alias) => Locked(() =>
            !Models.Contains(name) ? Error(404, "RESOURCE_DOES_NOT_EXIST", "no model")
            : Aliases.TryGetValue(alias, out var version) ? Json(new { model_version = new { name, version = $"{version}" } })
            : Error(400, "INVALID_PARAMETER_VALUE", "no alias")));
        app.MapGet($"{Mlflow}/registered-models/get", (string name) => Locked(() => Models.Contains(name)
            ? Json(new { registered_model = new { name, aliases = Aliases.Select(a => new { alias = a.Key, version = $"{a.Value}" }) } })
            : Error(404, "RESOURCE_DOES_NOT_EXIST", "no model")));
        app.MapPost($"{Mlflow}/registered-models/alias", (HttpContext c, CancellationToken _) => AnswerAsync<SetAlias>(c, set =>
        {
            Aliases[set.Alias] = Versions.Single(v => v.Model == set.Name && v.Number == int.Parse(set.Version, CultureInfo.InvariantCulture)).Number;
            return Json(new { });
        }));
        app.MapGet("/api/models/{model}/versions", (string model) => Locked(() => Models.Contains(model)
            ? Json(new { versions = Versions.Where(v => v.Model == model).Select(State) })
            : Results.Problem("There is no such model.", statusCode: 404)));
        app.MapGet("/api/models/{model}/versions/{version:int}", (string model, int version) => Locked(() => Json(State(Versions.Single(v => v.Number == version)))));
        app.MapGet("/api/models/{model}/versions/{version:int}/files/{**path}", (string model, int version, string path) =>
            Artifacts.ContainsKey($"{Versions.Single(v => v.Number == version).Source["mlflow-artifacts:/".Length..]}/{path}")
                ? Results.Bytes(File(version, path))
                : Results.Problem($"Version {version} has no file '{path}'.", statusCode: 404));
    }

    private IResult CreateRunOf(CreateRun request)
    {
        var run = new Run($"run{Runs.Count + 1}", request.ExperimentId, request.RunName, [.. request.Tags]);
        Runs.Add(run);
        return Json(new { run = Info(run) });
    }

    private IResult LogOf(LogBatch batch)
    {
        var run = Runs.Single(r => r.Id == batch.RunId);
        foreach (var parameter in batch.Params)
        {
            if (run.Params.TryGetValue(parameter.Key, out var old) && old != parameter.Value)
            {
                return Error(400, "INVALID_PARAMETER_VALUE", $"Parameter {parameter.Key} is logged with another value");
            }

            run.Params[parameter.Key] = parameter.Value;
        }

        foreach (var metric in batch.Metrics)
        {
            run.Metrics[metric.Key] = metric.Value;
            run.Points.Add((metric.Key, metric.Timestamp, metric.Step));
        }

        run.Tags.AddRange(batch.Tags);
        return Json(new { });
    }

    private IResult CreateVersionOf(CreateVersion request)
    {
        if (!Models.Contains(request.Name) || !request.Source.StartsWith("mlflow-artifacts:/", StringComparison.Ordinal))
        {
            return Error(404, "RESOURCE_DOES_NOT_EXIST", "no model or source");
        }

        var version = new Version(request.Name, Versions.Count + 1, request.Source, request.RunId, [.. request.Tags]);
        Versions.Add(version);
        return Json(new { model_version = new { name = version.Model, version = $"{version.Number}", status = "PENDING_REGISTRATION" } });
    }

    /// <summary>A version is pending the first time it is looked at.</summary>
    private object State(Version version) => new
    {
        model = version.Model,
        version = version.Number,
        status = version.Seen++ == 0 ? "pending" : Refusal is null ? "servable" : "refused",
        reason = Refusal,
        run_id = version.RunId,
        created_by = "anonymous",
    };

    private static object Info(Run run) => new
    {
        info = new { run_id = run.Id, run_uuid = run.Id, experiment_id = run.Experiment, status = run.Status, artifact_uri = $"mlflow-artifacts:/{run.Experiment}/{run.Id}/artifacts" },
        data = new { },
    };

    private async Task<IResult> AnswerAsync<T>(HttpContext context, Func<T, IResult> answer)
    {
        var request = await ReadAsync<T>(context);
        return Locked(() => answer(request));
    }

    private T Locked<T>(Func<T> work)
    {
        lock (_lock)
        {
            return work();
        }
    }

    private static IResult Json(object value) => Results.Json(value, Strict);

    private static IResult Error(int status, string code, string message) => Results.Json(new { error_code = code, message }, Strict, statusCode: status);

    internal sealed class Run(string id, string experiment, string name, List<Tag> tags)
    {
        public string Id => id;

        public string Experiment => experiment;

        public string Name => name;

        public string Status { get; set; } = "RUNNING";

        public List<Tag> Tags => tags;

        public Dictionary<string, string> Params { get; } = [];

        public Dictionary<string, double> Metrics { get; } = [];

        public HashSet<(string Key, long Time, long Step)> Points { get; } = [];
    }

    internal sealed record Version(string Model, int Number, string Source, string RunId, List<Tag> Tags)
    {
        public int Seen { get; set; }
    }

    internal sealed record Tag(string Key, string Value);

    private sealed record Named(string Name);

    private sealed record SearchRuns(string[] ExperimentIds, string Filter, int MaxResults);

    private sealed record CreateRun(string ExperimentId, string RunName, long StartTime, Tag[] Tags);

    private sealed record Metric(string Key, double Value, long Timestamp, long Step);

    private sealed record LogBatch(string RunId, Metric[] Metrics, Tag[] Params, Tag[] Tags);

    private sealed record UpdateRun(string RunId, string Status, long EndTime);

    private sealed record CreateVersion(string Name, string Source, string RunId, Tag[] Tags);

    private sealed record SetAlias(string Name, string Alias, string Version);
}
