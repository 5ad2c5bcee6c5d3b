using System.Globalization;
using System.Net.Http.Json;

namespace MlSystem.Benchmarks.Registry;

/// <summary>The questions of the comparison.</summary>
internal static class RegistryQueries
{
    private const double PageMs = 50;
    private const string Runs = "SELECT r.* FROM runs r ";
    private const string Active = "r.experiment_id = 1001 AND r.lifecycle_stage = 'active' ";
    private const string Newest = "ORDER BY r.start_time DESC, r.run_id LIMIT 101";
    private const string Versions = "SELECT v.* FROM model_versions v ";
    private const string Metric = "AND EXISTS (SELECT 1 FROM latest_metrics m WHERE m.run_id = r.run_id AND m.key = 'm1' AND m.value > $1) ";
    private const string Param = "AND EXISTS (SELECT 1 FROM run_params p WHERE p.run_id = r.run_id AND p.key = 'p1' AND p.value = $1) ";
    private const string Tag = "AND EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.run_id AND t.key = 't1' AND t.value = $1) ";

    private static readonly string[] OfRuns =
    [
        "SELECT * FROM run_params WHERE run_id = ANY($1)",
        "SELECT * FROM run_tags WHERE run_id = ANY($1)",
        "SELECT * FROM latest_metrics WHERE run_id = ANY($1)",
    ];

    private static readonly string[] OfVersions =
    [
        "SELECT * FROM model_version_tags WHERE model_id = ANY($1)",
        "SELECT * FROM model_aliases WHERE model_id = ANY($1)",
    ];

    private static readonly string[] OfModels =
    [
        "SELECT * FROM registered_model_tags WHERE model_id = ANY($1)",
        "SELECT * FROM model_aliases WHERE model_id = ANY($1)",
        "SELECT DISTINCT ON (model_id, stage) * FROM model_versions WHERE model_id = ANY($1) ORDER BY model_id, stage, version DESC",
    ];

    public static IReadOnlyList<RegistryQuery> All =>
    [
        new(
            "get by alias", 5, i => Get($"registered-models/alias?name={Model(i)}&alias=champion"),
            Versions + "JOIN registered_models m ON m.model_id = v.model_id JOIN model_aliases a ON a.model_id = v.model_id AND a.version = v.version AND a.alias = 'champion' WHERE m.name = $1",
            Model, OfVersions),
        new("models", PageMs, _ => Get("registered-models/search?max_results=100"), "SELECT * FROM registered_models WHERE name > $1 ORDER BY name LIMIT 101", _ => "", OfModels),
        new(
            "models by name", PageMs, i => Get($"registered-models/search?max_results=100&filter=name%20LIKE%20%27model-{(i % 9) + 1}%25%27"),
            "SELECT * FROM registered_models WHERE name LIKE $1 ORDER BY name LIMIT 101", i => $"model-{(i % 9) + 1}%", OfModels),
        new(
            "versions, newest first", PageMs, _ => Get("model-versions/search?max_results=100"),
            Versions + "WHERE v.version > $1 ORDER BY v.last_updated_time DESC, v.model_id, v.version DESC LIMIT 101", _ => 0, OfVersions),
        new(
            "versions of a model", PageMs, i => Get($"model-versions/search?max_results=100&filter=name%3D%27{Model(i)}%27"),
            Versions + "JOIN registered_models m ON m.model_id = v.model_id WHERE m.name = $1", Model, OfVersions),
        new("runs, newest first", PageMs, _ => Search(""), Runs + "WHERE r.name <> $1 AND " + Active + Newest, _ => "", OfRuns),
        new("runs of 10 experiments", PageMs, _ => Search("", RegistryData.Experiments), Runs + "WHERE r.name <> $1 " + Newest, _ => "", OfRuns),
        new("runs by metric, half match", PageMs, _ => Search("metrics.m1 > 0.5"), Runs + "WHERE " + Active + Metric + Newest, _ => 0.5, OfRuns),
        new("runs by metric, 1 in 1,000", PageMs, _ => Search("metrics.m1 > 0.999"), Runs + "WHERE " + Active + Metric + Newest, _ => 0.999, OfRuns),
        new("runs by metric, none match", PageMs, _ => Search("metrics.m1 > 2"), Runs + "WHERE " + Active + Metric + Newest, _ => 2.0, OfRuns),
        new("runs by param, 1 in 1,000", PageMs, i => Search($"params.p1 = '{i % 1000}'"), Runs + "WHERE " + Active + Param + Newest, i => (i % 1000).ToString(CultureInfo.InvariantCulture), OfRuns),
        new("runs by tag, 1 in 1,000", PageMs, i => Search($"tags.t1 = 'v{i % 1000}'"), Runs + "WHERE " + Active + Tag + Newest, i => $"v{i % 1000}", OfRuns),
        new(
            "runs by metric, param and tag", PageMs, _ => Search("metrics.m1 > 0.2 and params.p1 != '7' and tags.t1 LIKE 'v%'"),
            Runs + "WHERE " + Active + Metric
                + "AND EXISTS (SELECT 1 FROM run_params p WHERE p.run_id = r.run_id AND p.key = 'p1' AND p.value <> '7') AND EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.run_id AND t.key = 't1' AND t.value LIKE 'v%') "
                + Newest,
            _ => 0.2, OfRuns),
        new(
            "runs of 10 experiments, best metric first", PageMs, _ => Search("", RegistryData.Experiments, "metrics.m1 DESC"),
            Runs + "JOIN latest_metrics m ON m.run_id = r.run_id AND m.key = 'm1' WHERE m.value > $1 AND r.lifecycle_stage = 'active' ORDER BY m.value DESC, r.start_time DESC, r.run_id LIMIT 101", _ => -1.0, OfRuns),
        new(
            "runs by tag, best metric first", PageMs, _ => Search("tags.t1 LIKE 'v%'", 1, "metrics.m1 ASC"),
            Runs + "JOIN latest_metrics m ON m.run_id = r.run_id AND m.key = 'm1' WHERE " + Active
                + "AND m.value > $1 AND EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.run_id AND t.key = 't1' AND t.value LIKE 'v%') ORDER BY m.value, r.start_time DESC, r.run_id LIMIT 101",
            _ => -1.0, OfRuns),
        new(
            "runs, by param", PageMs, _ => Search("", 1, "params.p1"),
            Runs + "JOIN run_params p ON p.run_id = r.run_id AND p.key = 'p1' WHERE p.value > $1 AND " + Active + "ORDER BY p.value, r.start_time DESC, r.run_id LIMIT 101", _ => "", OfRuns),
    ];

    private static string Model(int i) => $"model-{(i % RegistryData.Models) + 1}";

    private static HttpRequestMessage Get(string call) => new(HttpMethod.Get, "/api/2.0/mlflow/" + call);

    private static HttpRequestMessage Search(string filter, int experiments = 1, params string[] order)
    {
        var ids = Enumerable.Range(RegistryData.FirstExperiment, experiments).Select(i => i.ToString(CultureInfo.InvariantCulture));
        return new(HttpMethod.Post, "/api/2.0/mlflow/runs/search") { Content = JsonContent.Create(new { experiment_ids = ids, filter, max_results = 100, order_by = order }) };
    }
}
