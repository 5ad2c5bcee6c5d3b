using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Registry.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ModelNames : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "former_model_names",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    until = table.Column<long>(type: "INTEGER", nullable: false),
                    model_id = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_former_model_names", x => new { x.name, x.until });
                });

            migrationBuilder.CreateIndex(
                name: "IX_former_model_names_model_id",
                table: "former_model_names",
                column: "model_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "former_model_names");
        }
    }
}
