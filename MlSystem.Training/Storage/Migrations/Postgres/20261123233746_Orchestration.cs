using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace MlSystem.Training.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Orchestration : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "one_running_run_of_a_pipeline",
                table: "runs");

            migrationBuilder.AddColumn<string>(
                name: "CacheKey",
                table: "steps",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "CachedFrom",
                table: "steps",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Executor",
                table: "steps",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Inputs",
                table: "steps",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Concurrency",
                table: "runs",
                type: "integer",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<int>(
                name: "Slot",
                table: "runs",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "firings",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    Pipeline = table.Column<string>(type: "text", nullable: false),
                    Trigger = table.Column<string>(type: "text", nullable: false),
                    Kind = table.Column<string>(type: "text", nullable: false),
                    Key = table.Column<string>(type: "text", nullable: false),
                    Time = table.Column<long>(type: "bigint", nullable: false),
                    Evidence = table.Column<string>(type: "text", nullable: false),
                    RunId = table.Column<string>(type: "text", nullable: true),
                    Reason = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_firings", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "run_logs",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    RunId = table.Column<string>(type: "text", nullable: false),
                    Time = table.Column<long>(type: "bigint", nullable: false),
                    Level = table.Column<string>(type: "text", nullable: false),
                    Step = table.Column<string>(type: "text", nullable: true),
                    Attempt = table.Column<int>(type: "integer", nullable: true),
                    Message = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_run_logs", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "triggers",
                columns: table => new
                {
                    Pipeline = table.Column<string>(type: "text", nullable: false),
                    Name = table.Column<string>(type: "text", nullable: false),
                    Paused = table.Column<bool>(type: "boolean", nullable: false),
                    Since = table.Column<long>(type: "bigint", nullable: false),
                    Counted = table.Column<long>(type: "bigint", nullable: false),
                    PendingUntil = table.Column<long>(type: "bigint", nullable: true),
                    PendingEvidence = table.Column<string>(type: "text", nullable: true),
                    Revision = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_triggers", x => new { x.Pipeline, x.Name });
                });

            migrationBuilder.CreateIndex(
                name: "IX_steps_CacheKey",
                table: "steps",
                column: "CacheKey");

            migrationBuilder.CreateIndex(
                name: "running_runs_of_a_pipeline",
                table: "runs",
                columns: new[] { "Pipeline", "Slot" },
                unique: true,
                filter: "\"State\" = 'running'");

            migrationBuilder.CreateIndex(
                name: "IX_firings_Pipeline_Id",
                table: "firings",
                columns: new[] { "Pipeline", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_firings_Pipeline_Trigger_Key",
                table: "firings",
                columns: new[] { "Pipeline", "Trigger", "Key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_run_logs_RunId_Id",
                table: "run_logs",
                columns: new[] { "RunId", "Id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "firings");

            migrationBuilder.DropTable(
                name: "run_logs");

            migrationBuilder.DropTable(
                name: "triggers");

            migrationBuilder.DropIndex(
                name: "IX_steps_CacheKey",
                table: "steps");

            migrationBuilder.DropIndex(
                name: "running_runs_of_a_pipeline",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "CacheKey",
                table: "steps");

            migrationBuilder.DropColumn(
                name: "CachedFrom",
                table: "steps");

            migrationBuilder.DropColumn(
                name: "Executor",
                table: "steps");

            migrationBuilder.DropColumn(
                name: "Inputs",
                table: "steps");

            migrationBuilder.DropColumn(
                name: "Concurrency",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "Slot",
                table: "runs");

            migrationBuilder.CreateIndex(
                name: "one_running_run_of_a_pipeline",
                table: "runs",
                column: "Pipeline",
                unique: true,
                filter: "\"State\" = 'running'");
        }
    }
}
