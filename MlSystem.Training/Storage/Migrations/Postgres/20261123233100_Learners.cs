using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Training.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Learners : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "learner_pending",
                columns: table => new
                {
                    LearnerId = table.Column<string>(type: "text", nullable: false),
                    PredictionId = table.Column<string>(type: "text", nullable: false),
                    Inputs = table.Column<string>(type: "text", nullable: true),
                    Label = table.Column<string>(type: "text", nullable: true),
                    Time = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_learner_pending", x => new { x.LearnerId, x.PredictionId });
                });

            migrationBuilder.CreateTable(
                name: "learner_snapshots",
                columns: table => new
                {
                    LearnerId = table.Column<string>(type: "text", nullable: false),
                    Number = table.Column<int>(type: "integer", nullable: false),
                    Data = table.Column<byte[]>(type: "bytea", nullable: true),
                    Progress = table.Column<string>(type: "text", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    Reason = table.Column<string>(type: "text", nullable: true),
                    ModelVersion = table.Column<int>(type: "integer", nullable: true),
                    TrackingRunId = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_learner_snapshots", x => new { x.LearnerId, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "learner_states",
                columns: table => new
                {
                    LearnerId = table.Column<string>(type: "text", nullable: false),
                    Data = table.Column<byte[]>(type: "bytea", nullable: false),
                    Progress = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_learner_states", x => x.LearnerId);
                });

            migrationBuilder.CreateTable(
                name: "learners",
                columns: table => new
                {
                    Name = table.Column<string>(type: "text", nullable: false),
                    Id = table.Column<string>(type: "text", nullable: true),
                    Definition = table.Column<string>(type: "text", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    Error = table.Column<string>(type: "text", nullable: true),
                    Rollback = table.Column<int>(type: "integer", nullable: true),
                    SnapshotRequested = table.Column<bool>(type: "boolean", nullable: false),
                    LeaseOwner = table.Column<string>(type: "text", nullable: true),
                    LeaseUntil = table.Column<long>(type: "bigint", nullable: false),
                    LeaseNumber = table.Column<long>(type: "bigint", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_learners", x => x.Name);
                });

            migrationBuilder.CreateIndex(
                name: "IX_learner_snapshots_State",
                table: "learner_snapshots",
                column: "State");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "learner_pending");

            migrationBuilder.DropTable(
                name: "learner_snapshots");

            migrationBuilder.DropTable(
                name: "learner_states");

            migrationBuilder.DropTable(
                name: "learners");
        }
    }
}
