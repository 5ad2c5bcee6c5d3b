namespace MlSystem.Registry.Tests.Storage;

/// <summary>What a registry had written before its contents had a ledger and its revisions were found by version: one model, served, with artifacts and a webhook.</summary>
internal static class OldRows
{
    public static readonly string Model = new('a', 64);
    public static readonly string Notes = new('b', 64);

    /// <summary>As long as MLflow allows: longer than what an index entry of PostgreSQL holds.</summary>
    public static readonly string LongTag = string.Concat(Enumerable.Range(0, 1600).Select(i => $"{i:00000}"));

    // Deliveries that ended long ago are dropped.
    private static readonly long Now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public static IReadOnlyList<string> Statements { get; } =
    [
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (7, 'old', 'mlflow-artifacts:/7', 'active', 1, 1)",
        "INSERT INTO runs (run_id, experiment_id, name, user_id, status, start_time, artifact_uri, lifecycle_stage) VALUES ('r-1', 7, 'run', 'ana', 'FINISHED', 5, 'mlflow-artifacts:/7/r-1/artifacts', 'active')",
        $"INSERT INTO run_tags (run_id, key, value) VALUES ('r-1', 'note', '{LongTag}')",
        $"INSERT INTO run_params (run_id, key, value) VALUES ('r-1', 'columns', '{LongTag[..6000]}')",
        "INSERT INTO artifacts (path, folder, is_directory, sha256, size_bytes, updated_at) VALUES ('7', '', TRUE, NULL, 0, 1)",
        $"INSERT INTO artifacts (path, folder, is_directory, sha256, size_bytes, updated_at) VALUES ('7/notes.txt', '7', FALSE, '{Notes}', 30, 1)",
        $"INSERT INTO artifacts (path, folder, is_directory, sha256, size_bytes, updated_at) VALUES ('7/model.onnx', '7', FALSE, '{Model}', 700, 1)",
        "INSERT INTO registered_models (model_id, name, last_version, created_by, creation_time, last_updated_time) VALUES (3, 'churn', 2, 'ana', 1, 1)",
        "INSERT INTO model_versions (model_id, version, status, run_id, source, stage, created_by, creation_time, last_updated_time, validation_claimed_until) VALUES (3, 1, 'servable', 'r-1', 'runs:/r-1/model', 'None', 'ana', 2, 2, 0)",
        """
        INSERT INTO model_versions (model_id, version, status, run_id, source, stage, lineage, created_by, creation_time, last_updated_time, validation_claimed_until)
        VALUES (3, 2, 'servable', 'r-1', 'runs:/r-1/model', 'None', '{"run_id":"r-1","parent_version":1,"pipeline_run_id":"pipeline-run-2","data_fingerprint":"f","training_rows":10,"code_version":"c","parameters":{},"seed":1,"trained_at":"2026-01-01T00:00:00Z","trigger":{"kind":"drift","evidence":"alert-1"}}', 'ana', 3, 3, 0)
        """,
        $"INSERT INTO model_version_files (model_id, version, path, sha256, size_bytes) VALUES (3, 1, 'model.onnx', '{Model}', 700)",
        $"INSERT INTO model_version_files (model_id, version, path, sha256, size_bytes) VALUES (3, 2, 'model.onnx', '{Model}', 700)",
        "INSERT INTO model_aliases (model_id, alias, version) VALUES (3, 'champion', 1)",
        "INSERT INTO endpoints (name, revision) VALUES ('churn', 2)",
        """
        INSERT INTO endpoint_revisions (name, revision, state, author, reason, created_at) VALUES ('churn', 1, '{"variants":[{"name":"champion","model":"churn","version":1}]}', 'ana', 'first', 4)
        """,
        """
        INSERT INTO endpoint_revisions (name, revision, state, author, reason, created_at)
        VALUES ('churn', 2, '{"variants":[{"name":"champion","model":"churn","version":1,"weight":0.9,"role":"live"},{"name":"new","model":"churn","version":2,"weight":0.1,"role":"live"}]}', 'ana', 'canary', 5)
        """,
        """
        INSERT INTO webhooks (webhook_id, name, url, events, status, creation_time, last_updated_time) VALUES ('w-1', 'old', 'http://127.0.0.1:9/', ',registered_model.created,', 'DISABLED', 1, 1)
        """,
        $"INSERT INTO webhook_deliveries (delivery_id, webhook_id, event, payload, created_at, state, attempts, due_at, finished_at, response_status) VALUES ('d-1', 'w-1', 'registered_model.created', 'x', {Now}, 'delivered', 1, {Now}, {Now}, 200)",
        $"INSERT INTO webhook_deliveries (delivery_id, webhook_id, event, payload, created_at, state, attempts, due_at, finished_at, error) VALUES ('d-2', 'w-1', 'registered_model.created', 'x', {Now}, 'failed', 8, {Now}, {Now}, 'refused')",
    ];
}
