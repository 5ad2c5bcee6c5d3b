using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Registry.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Lineage : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "lineage_alerts",
                columns: table => new
                {
                    alert_id = table.Column<string>(type: "TEXT", nullable: false),
                    kind = table.Column<string>(type: "TEXT", nullable: false),
                    severity = table.Column<string>(type: "TEXT", nullable: false),
                    endpoint = table.Column<string>(type: "TEXT", nullable: false),
                    model = table.Column<string>(type: "TEXT", nullable: true),
                    version = table.Column<int>(type: "INTEGER", nullable: true),
                    summary = table.Column<string>(type: "TEXT", nullable: false),
                    time = table.Column<long>(type: "INTEGER", nullable: false),
                    evidence = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lineage_alerts", x => x.alert_id);
                });

            migrationBuilder.CreateTable(
                name: "lineage_runs",
                columns: table => new
                {
                    run_id = table.Column<string>(type: "TEXT", nullable: false),
                    pipeline = table.Column<string>(type: "TEXT", nullable: false),
                    state = table.Column<string>(type: "TEXT", nullable: false),
                    trigger_kind = table.Column<string>(type: "TEXT", nullable: false),
                    trigger_evidence = table.Column<string>(type: "TEXT", nullable: true),
                    model = table.Column<string>(type: "TEXT", nullable: true),
                    version = table.Column<int>(type: "INTEGER", nullable: true),
                    error = table.Column<string>(type: "TEXT", nullable: true),
                    first_time = table.Column<long>(type: "INTEGER", nullable: false),
                    time = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lineage_runs", x => x.run_id);
                });

            migrationBuilder.CreateTable(
                name: "rejected_events",
                columns: table => new
                {
                    topic = table.Column<string>(type: "TEXT", nullable: false),
                    partition = table.Column<int>(type: "INTEGER", nullable: false),
                    offset = table.Column<long>(type: "INTEGER", nullable: false),
                    reason = table.Column<string>(type: "TEXT", nullable: false),
                    payload = table.Column<byte[]>(type: "BLOB", nullable: false),
                    time = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_rejected_events", x => new { x.topic, x.partition, x.offset });
                });

            migrationBuilder.CreateTable(
                name: "revision_variants",
                columns: table => new
                {
                    endpoint = table.Column<string>(type: "TEXT", nullable: false),
                    revision = table.Column<long>(type: "INTEGER", nullable: false),
                    variant = table.Column<string>(type: "TEXT", nullable: false),
                    model = table.Column<string>(type: "TEXT", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false),
                    role = table.Column<string>(type: "TEXT", nullable: false),
                    weight = table.Column<double>(type: "REAL", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_revision_variants", x => new { x.endpoint, x.revision, x.variant });
                    table.ForeignKey(
                        name: "FK_revision_variants_endpoint_revisions_endpoint_revision",
                        columns: x => new { x.endpoint, x.revision },
                        principalTable: "endpoint_revisions",
                        principalColumns: new[] { "name", "revision" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "version_origins",
                columns: table => new
                {
                    model_id = table.Column<long>(type: "INTEGER", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false),
                    parent_version = table.Column<int>(type: "INTEGER", nullable: true),
                    pipeline_run_id = table.Column<string>(type: "TEXT", nullable: true),
                    trigger_evidence = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_version_origins", x => new { x.model_id, x.version });
                    table.ForeignKey(
                        name: "FK_version_origins_model_versions_model_id_version",
                        columns: x => new { x.model_id, x.version },
                        principalTable: "model_versions",
                        principalColumns: new[] { "model_id", "version" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_lineage_alerts_endpoint_time",
                table: "lineage_alerts",
                columns: new[] { "endpoint", "time" });

            migrationBuilder.CreateIndex(
                name: "IX_lineage_alerts_model_version",
                table: "lineage_alerts",
                columns: new[] { "model", "version" });

            migrationBuilder.CreateIndex(
                name: "IX_lineage_runs_trigger_evidence",
                table: "lineage_runs",
                column: "trigger_evidence");

            migrationBuilder.CreateIndex(
                name: "IX_revision_variants_model_version",
                table: "revision_variants",
                columns: new[] { "model", "version" });

            migrationBuilder.CreateIndex(
                name: "IX_version_origins_model_id_parent_version",
                table: "version_origins",
                columns: new[] { "model_id", "parent_version" });

            migrationBuilder.CreateIndex(
                name: "IX_version_origins_pipeline_run_id",
                table: "version_origins",
                column: "pipeline_run_id");

            migrationBuilder.CreateIndex(
                name: "IX_version_origins_trigger_evidence",
                table: "version_origins",
                column: "trigger_evidence");

            // What was served and cited before can be found by version too.
            migrationBuilder.Sql("""
                INSERT INTO revision_variants(endpoint, revision, variant, model, version, role, weight)
                SELECT r.name, r.revision, json_extract(v.value, '$.name'), json_extract(v.value, '$.model'), json_extract(v.value, '$.version'),
                    COALESCE(json_extract(v.value, '$.role'), 'live'), COALESCE(json_extract(v.value, '$.weight'), 1)
                FROM endpoint_revisions r, json_each(r.state, '$.variants') v
                """);
            migrationBuilder.Sql("""
                INSERT INTO version_origins(model_id, version, parent_version, pipeline_run_id, trigger_evidence)
                SELECT model_id, version, json_extract(lineage, '$.parent_version'), json_extract(lineage, '$.pipeline_run_id'), json_extract(lineage, '$.trigger.evidence')
                FROM model_versions WHERE lineage IS NOT NULL
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "lineage_alerts");

            migrationBuilder.DropTable(
                name: "lineage_runs");

            migrationBuilder.DropTable(
                name: "rejected_events");

            migrationBuilder.DropTable(
                name: "revision_variants");

            migrationBuilder.DropTable(
                name: "version_origins");
        }
    }
}
