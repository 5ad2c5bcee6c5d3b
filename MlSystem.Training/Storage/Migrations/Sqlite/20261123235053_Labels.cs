using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Training.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Labels : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "label_answers",
                columns: table => new
                {
                    QueueId = table.Column<string>(type: "TEXT", nullable: false),
                    PredictionId = table.Column<string>(type: "TEXT", nullable: false),
                    Annotator = table.Column<string>(type: "TEXT", nullable: false),
                    Label = table.Column<string>(type: "TEXT", nullable: true),
                    Skipped = table.Column<bool>(type: "INTEGER", nullable: false),
                    LeaseUntil = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_label_answers", x => new { x.QueueId, x.PredictionId, x.Annotator });
                });

            migrationBuilder.CreateTable(
                name: "label_items",
                columns: table => new
                {
                    QueueId = table.Column<string>(type: "TEXT", nullable: false),
                    PredictionId = table.Column<string>(type: "TEXT", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    Score = table.Column<double>(type: "REAL", nullable: false),
                    Chance = table.Column<double>(type: "REAL", nullable: false),
                    Inputs = table.Column<string>(type: "TEXT", nullable: false),
                    Probabilities = table.Column<string>(type: "TEXT", nullable: true),
                    Predicted = table.Column<string>(type: "TEXT", nullable: true),
                    Votes = table.Column<string>(type: "TEXT", nullable: true),
                    AtRandom = table.Column<bool>(type: "INTEGER", nullable: true),
                    Time = table.Column<long>(type: "INTEGER", nullable: false),
                    Label = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_label_items", x => new { x.QueueId, x.PredictionId });
                });

            migrationBuilder.CreateTable(
                name: "label_queues",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Id = table.Column<string>(type: "TEXT", nullable: true),
                    Definition = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Served = table.Column<int>(type: "INTEGER", nullable: false),
                    ServedAtRandom = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_label_queues", x => x.Name);
                });

            migrationBuilder.CreateIndex(
                name: "IX_label_items_QueueId_State_Score",
                table: "label_items",
                columns: new[] { "QueueId", "State", "Score" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "label_answers");

            migrationBuilder.DropTable(
                name: "label_items");

            migrationBuilder.DropTable(
                name: "label_queues");
        }
    }
}
