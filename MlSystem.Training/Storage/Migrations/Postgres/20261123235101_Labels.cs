using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Training.Storage.Migrations.Postgres
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
                    QueueId = table.Column<string>(type: "text", nullable: false),
                    PredictionId = table.Column<string>(type: "text", nullable: false),
                    Annotator = table.Column<string>(type: "text", nullable: false),
                    Label = table.Column<string>(type: "text", nullable: true),
                    Skipped = table.Column<bool>(type: "boolean", nullable: false),
                    LeaseUntil = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_label_answers", x => new { x.QueueId, x.PredictionId, x.Annotator });
                });

            migrationBuilder.CreateTable(
                name: "label_items",
                columns: table => new
                {
                    QueueId = table.Column<string>(type: "text", nullable: false),
                    PredictionId = table.Column<string>(type: "text", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    Score = table.Column<double>(type: "double precision", nullable: false),
                    Chance = table.Column<double>(type: "double precision", nullable: false),
                    Inputs = table.Column<string>(type: "text", nullable: false),
                    Probabilities = table.Column<string>(type: "text", nullable: true),
                    Predicted = table.Column<string>(type: "text", nullable: true),
                    Votes = table.Column<string>(type: "text", nullable: true),
                    AtRandom = table.Column<bool>(type: "boolean", nullable: true),
                    Time = table.Column<long>(type: "bigint", nullable: false),
                    Label = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_label_items", x => new { x.QueueId, x.PredictionId });
                });

            migrationBuilder.CreateTable(
                name: "label_queues",
                columns: table => new
                {
                    Name = table.Column<string>(type: "text", nullable: false),
                    Id = table.Column<string>(type: "text", nullable: true),
                    Definition = table.Column<string>(type: "text", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Served = table.Column<int>(type: "integer", nullable: false),
                    ServedAtRandom = table.Column<int>(type: "integer", nullable: false)
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
