using System.Globalization;
using Npgsql;

namespace MlSystem.Benchmarks.Registry;

/// <summary>1,000 models with 20 versions each, 100,000 runs in 10 experiments with 5 metrics, 5 parameters and 3 tags each: rows, loaded by SQL. Run ids ascend with time, as the registry's own do.</summary>
internal static class RegistryData
{
    public const int Models = 1000;
    public const int Versions = 20;
    public const int Runs = 100_000;

    /// <summary>Experiment ids of the data: 1001 to 1010.</summary>
    public const int FirstExperiment = 1001;
    public const int Experiments = 10;

    /// <summary>The id of the i-th run, counted from 1.</summary>
    public static string RunId(int i) => i.ToString("x32", CultureInfo.InvariantCulture);

    private const string Sql = """
        INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)
            SELECT 1000 + i, 'bench-' || i, 'mlflow-artifacts:/' || (1000 + i), 'active', 1, 1 FROM generate_series(1, 10) AS i;
        INSERT INTO runs (run_id, experiment_id, name, user_id, status, start_time, end_time, artifact_uri, lifecycle_stage)
            SELECT lpad(to_hex(i), 32, '0'), 1001 + i % 10, 'run-' || i, 'bench', 'FINISHED', 1700000000000 + i, 1700000100000 + i, 'mlflow-artifacts:/' || (1001 + i % 10) || '/' || lpad(to_hex(i), 32, '0') || '/artifacts', 'active'
            FROM generate_series(1, 100000) AS i;
        INSERT INTO run_params (run_id, key, value) SELECT lpad(to_hex(i), 32, '0'), 'p' || k, ((i * 7 + k) % 1000)::text FROM generate_series(1, 100000) AS i, generate_series(1, 5) AS k;
        INSERT INTO run_tags (run_id, key, value) SELECT lpad(to_hex(i), 32, '0'), 't' || k, 'v' || ((i * 13 + k) % 1000) FROM generate_series(1, 100000) AS i, generate_series(1, 3) AS k;
        INSERT INTO latest_metrics (run_id, key, timestamp, step, value, is_nan) SELECT lpad(to_hex(i), 32, '0'), 'm' || k, 1, 1, ((i * 31 + k) % 10000) / 10000.0, false FROM generate_series(1, 100000) AS i, generate_series(1, 5) AS k;
        INSERT INTO metric_points (run_id, key, timestamp, step, value, is_nan) SELECT run_id, key, timestamp, step, value, is_nan FROM latest_metrics;
        INSERT INTO registered_models (model_id, name, last_version, created_by, creation_time, last_updated_time) SELECT 100000 + i, 'model-' || i, 20, 'bench', i, i FROM generate_series(1, 1000) AS i;
        INSERT INTO model_versions (model_id, version, status, source, stage, created_by, creation_time, last_updated_time, validation_claimed_until)
            SELECT 100000 + i, v, 'servable', 'runs:/' || lpad(to_hex(i), 32, '0') || '/model', 'None', 'bench', i, i, 0 FROM generate_series(1, 1000) AS i, generate_series(1, 20) AS v;
        INSERT INTO model_version_tags (model_id, version, key, value) SELECT 100000 + i, v, 'team', 'a' FROM generate_series(1, 1000) AS i, generate_series(1, 20) AS v;
        INSERT INTO model_aliases (model_id, alias, version) SELECT 100000 + i, 'champion', 20 FROM generate_series(1, 1000) AS i;
        """;

    public static async Task LoadAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        foreach (var sql in new[] { Sql, "VACUUM ANALYZE", "CHECKPOINT" })
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync();
        }
    }
}
