using MlSystem.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("training");

var app = builder.Build();
app.UseServiceDefaults();

await app.RunAsync();
